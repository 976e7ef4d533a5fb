package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sojourn/internal/client/config"
	"sojourn/internal/client/credentialhelper"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/setup"
)

const setupAbout = `Sets git up for the server that the profile's settings name, or for AWS: credentials for https:// URLs of that host and of no other, kept from the helpers that store passwords; submodules with codecommit:// URLs; the server's certificate authority. It shows what it would add to the user's git configuration and asks first. --undo takes back what was added, and only that.`

func runSetup(ctx context.Context, a *app, args []string) error {
	var c clientFlags
	flags := newFlags(a, "setup [FLAGS]", setupAbout, "sojourn setup --profile CodeAccess")
	c.register(flags)
	c.registerEndpoint(flags)
	yes := flags.Bool("yes", false, "do not ask")
	dry := flags.Bool("dry-run", false, "show only")
	undo := flags.Bool("undo", false, "take back what setup has added")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("setup: unexpected argument %q", flags.Arg(0))
	}
	if env := config.Env(a.env()); env.Home() == "" && env.Get("GIT_CONFIG_GLOBAL") == "" {
		return errors.New("setup: no home directory is known, so git has no configuration of yours; set HOME")
	}
	s := setupRun{app: a, git: setup.Run, yes: *yes, dry: *dry}
	if *undo {
		return s.undo(ctx)
	}
	server, err := c.server(ctx, a)
	if err != nil {
		return err
	}
	return s.apply(ctx, server)
}

// setupRun is one call.
type setupRun struct {
	*app
	git      setup.Git
	yes, dry bool
}

// server is what the settings name.
func (c *clientFlags) server(ctx context.Context, a *app) (setup.Server, error) {
	user, err := c.session(a)
	if err != nil {
		return setup.Server{}, err
	}
	s := setup.Server{URL: setup.AWS, Profile: c.profile, Program: programName(ctx), Region: c.region}
	if strings.HasPrefix(user.Region(), "cn-") {
		s.URL = setup.AWSChina
	}
	custom, err := user.Endpoints().CustomGit()
	if err != nil || !custom {
		return s, err
	}
	git, err := user.Endpoints().Git(user.Region())
	if err != nil {
		return s, err
	}
	s.URL, s.Own = git.Scheme+"://"+git.Host, true
	if ca := user.CABundle(); ca != "" {
		if s.CA, err = filepath.Abs(ca); err != nil {
			return s, err
		}
	}
	return s, nil
}

// programName is how git's shell finds the program that answers for
// credentials: git-remote-codecommit beside this program, which starts faster,
// or else this program. AWS's helper has the same name and does not answer.
func programName(ctx context.Context) string {
	self, err := os.Executable()
	if err != nil {
		return "sojourn"
	}
	fast := filepath.Join(filepath.Dir(self), "git-remote-codecommit"+filepath.Ext(self))
	if exec.CommandContext(ctx, fast, credentialhelper.Word, "store").Run() == nil {
		return onPath(fast)
	}
	return onPath(self)
}

// onPath is a program's name where that is enough to find it, else its path.
func onPath(program string) string {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	if found, err := exec.LookPath(name); err == nil && sameFile(program, found) {
		return name
	}
	return filepath.ToSlash(program)
}

// sameFile reports whether two names are of one program.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errors.Join(errA, errB) == nil && os.SameFile(infoA, infoB)
}

func (s setupRun) apply(ctx context.Context, server setup.Server) error {
	add, err := setup.Plan(ctx, s.git, server)
	if err != nil {
		return err
	}
	if len(add) == 0 {
		fmt.Fprintf(s.stdout, "Git is set up for %s already; nothing is changed.\n", server.URL)
		return nil
	}
	fmt.Fprintf(s.stdout, "To use %s, git needs:\n\n", server.URL)
	for _, v := range add {
		fmt.Fprintln(s.stdout, "  "+v.Command())
	}
	fmt.Fprintln(s.stdout)
	if ok, err := s.agreed(ctx, "Add this to your git configuration? [y/N] "); !ok {
		return err
	}
	if err := setup.Apply(ctx, s.git, add); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, "Done. \"sojourn setup --undo\" takes it back.")
	if hides := s.getenv("GIT_SSL_CAINFO"); server.CA != "" && hides != "" && hides != server.CA {
		fmt.Fprintf(s.stdout, "GIT_SSL_CAINFO is set, and git takes it in place of the authority above: unset it, or add that authority to %s.\n", hides)
	}
	return nil
}

func (s setupRun) undo(ctx context.Context) error {
	added, err := setup.Added(ctx, s.git)
	if err != nil {
		return err
	}
	if len(added) == 0 {
		fmt.Fprintln(s.stdout, "Setup has added nothing; nothing is changed.")
		return nil
	}
	fmt.Fprint(s.stdout, "Setup has added:\n\n")
	for _, v := range added {
		fmt.Fprintf(s.stdout, "  %s = %s\n", v.Key, v.Value)
	}
	fmt.Fprintln(s.stdout)
	if ok, err := s.agreed(ctx, "Remove this from your git configuration? [y/N] "); !ok {
		return err
	}
	if err := setup.Undo(ctx, s.git, added); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, "Done.")
	return nil
}

// agreed asks the user, unless the command line has the answer.
func (s setupRun) agreed(ctx context.Context, question string) (bool, error) {
	if s.dry {
		fmt.Fprintln(s.stdout, "Nothing is changed (--dry-run).")
		return false, nil
	}
	if s.yes {
		return true, nil
	}
	answer, err := prompt.Prompter{Env: config.Env(s.env())}.Ask(ctx, question)
	switch {
	case err == nil && (strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("nothing is changed: %w; give --yes", err)
	}
	fmt.Fprintln(s.stdout, "Nothing is changed.")
	return false, nil
}
