package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sojourn/internal/client/config"
	"sojourn/internal/client/prompt"
)

func runConfigure(ctx context.Context, a *app, args []string) error {
	if len(args) > 0 && isHelp(args[0]) {
		a.show(configurePage())
		return nil
	}
	command := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
		p, ok := configureWordPage(command)
		switch {
		case !ok:
			return noWord("configure", command, configurePage().words)
		case slices.ContainsFunc(args, func(s string) bool { return s == "--help" || s == "-h" }):
			a.show(p)
			return nil
		}
	}
	if command == "export-credentials" {
		return runExportCredentials(ctx, a, args)
	}
	c, rest, err := serverFlags(args)
	if err != nil {
		return err
	}
	cfg, err := config.Load(a.env())
	if err != nil {
		return err
	}
	u := &configuration{app: a, cfg: cfg, profile: c.profile}
	if u.profile == "" {
		u.profile, _ = config.Env(a.env()).Selected()
	}
	if u.profile == "" {
		u.profile = config.Default
	}
	switch command {
	case "set":
		return u.set(ctx, rest)
	case "get":
		return u.get(rest)
	case "list":
		return u.list(rest, c)
	case "import":
		return u.importCSV(rest)
	case "list-profiles":
		for _, name := range cfg.Names() {
			fmt.Fprintln(a.stdout, name)
		}
		return nil
	}
	return u.dialogue(ctx, rest)
}

// configuration is one call's files and profile.
type configuration struct {
	*app
	cfg     *config.Config
	profile string
}

// key takes a dotted name apart as the AWS CLI does: KEY, KEY.SUB, default.KEY,
// profile.NAME.KEY and so on. A NAME may hold dots if a profile is called so.
func (u *configuration) key(name string) (profile string, s config.Setting) {
	profile = u.profile
	if rest, ok := strings.CutPrefix(name, "profile."); ok {
		profile, name = u.splitProfile(rest)
	} else if rest, ok := strings.CutPrefix(name, config.Default+"."); ok {
		profile, name = config.Default, rest
	}
	key, sub, _ := strings.Cut(name, ".")
	return profile, config.Setting{Key: key, Sub: sub}
}

// splitProfile splits NAME.KEY at the longest NAME that exists, else at the first dot.
func (u *configuration) splitProfile(s string) (profile, key string) {
	for i := len(s) - 1; i > 0; i-- {
		if _, ok := u.cfg.Profile(s[:i]); ok && s[i] == '.' {
			return s[:i], s[i+1:]
		}
	}
	profile, key, _ = strings.Cut(s, ".")
	return profile, key
}

func (u *configuration) set(ctx context.Context, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("configure set: want KEY and VALUE")
	}
	profile, setting := u.key(args[0])
	if profile == "" || setting.Key == "" || strings.Contains(setting.Sub, ".") {
		return usagef("configure set: %q is no name of a setting", args[0])
	}
	if len(args) == 2 {
		setting.Value = args[1]
	} else if err := u.ask(ctx, args[0], &setting.Value); err != nil {
		return err
	}
	if section := setting.Key; (section == "plugins" || section == "preview") && setting.Sub != "" {
		return u.cfg.SetOther(section, config.Setting{Key: setting.Sub, Value: setting.Value})
	}
	return u.cfg.Set(profile, setting)
}

// ask reads a value from standard input, so that a secret need not stand on the command line.
func (u *configuration) ask(ctx context.Context, name string, value *string) error {
	if f, ok := u.stdin.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			fmt.Fprintf(u.stderr, "%s: ", name)
		}
	}
	line, err := prompt.Interruptible(ctx, func() (string, error) { return bufio.NewReader(u.stdin).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("configure set: reading the value of %s from standard input: %w", name, err)
	}
	if *value = strings.TrimSpace(line); *value == "" {
		return fmt.Errorf("configure set: no value for %s came on standard input", name)
	}
	return nil
}

func (u *configuration) get(args []string) error {
	if len(args) != 1 {
		return usagef("configure get: want KEY")
	}
	name, s := u.key(args[0])
	if named, key := u.splitProfile(args[0]); key != "" {
		if _, ok := u.cfg.Profile(named); ok { // CodeAccess.region
			name, s = u.key("profile." + args[0])
		}
	}
	p, ok := u.cfg.Profile(name)
	if !ok && name != config.Default {
		return fmt.Errorf("the profile %q was not found; \"sojourn configure list-profiles\" lists them", name)
	}
	value, found := p.Get(s.Key)
	if s.Sub != "" {
		value, found = p.Nested(s.Key, s.Sub)
	}
	if section := s.Key; !found && (section == "plugins" || section == "preview") {
		value, found = u.cfg.Other(section).Get(s.Sub)
	}
	if !found {
		return exitStatus(1) // as the AWS CLI: no line
	}
	fmt.Fprintln(u.stdout, value)
	return nil
}
