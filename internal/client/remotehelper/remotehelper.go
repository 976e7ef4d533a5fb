// Package remotehelper is git-remote-codecommit: git starts it for a
// codecommit:// URL, and it becomes git's own HTTPS helper with a signature for
// that repository.
//
// The signature is handed over in the environment, as configuration for this
// one URL: it is in no argument, git does not show it in a trace, and git does
// not offer it to credential stores. Standard input and output are git's. A
// push, which may last longer than a signature, the helper sends itself (push.go).
//
// Arguments, checks, their order and their texts are those of AWS's helper,
// whose differences from ours docs/compat/client.md lists.
package remotehelper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/client/config"
	"sojourn/internal/client/credentialhelper"
	"sojourn/internal/remoteurl"
)

// Process is what the helper takes from the process that it runs in.
type Process struct {
	Args    []string // with the program's name
	Env     config.Env
	Environ []string
	Stdin   io.Reader // git's
	Stdout  io.Writer // git's
	Stderr  io.Writer
	Now     func() time.Time
	// Become replaces this process, or runs the program and returns its exit
	// status where a process cannot be replaced.
	Become func(program string, args, environ []string) (status int, err error)
	// Spawn runs the program on other streams and returns its exit status.
	Spawn func(ctx context.Context, program string, args, environ []string, in io.Reader, out io.Writer) (status int, err error)
	// Pushing reports whether git is pushing, as far as can be told.
	Pushing func() bool
	// Find returns the program to become and the arguments in front of the remote's.
	Find func(env config.Env) (program string, args []string, err error)
}

// Main runs the helper and returns its exit status.
func Main(ctx context.Context, p Process) int {
	if len(p.Args) > 1 && credentialhelper.Asked(p.Args[1:]) {
		return p.credentials(ctx)
	}
	if text := manual(p.Args[min(1, len(p.Args)):]); text != "" {
		if _, err := io.WriteString(p.Stdout, text); err != nil {
			return 1
		}
		return 0
	}
	status, err := p.run(ctx)
	if err != nil {
		fmt.Fprintln(p.Stderr, oneLine(err.Error()))
		return 1
	}
	return status
}

// credentials is the other helper that this program can be.
func (p Process) credentials(ctx context.Context) int {
	c := credentialhelper.Command{Env: p.Env, Now: p.Now, Stdin: p.Stdin, Stdout: p.Stdout}
	err := c.Run(ctx, p.Args[2:])
	if err == nil {
		return 0
	}
	fmt.Fprintln(p.Stderr, oneLine("git-remote-codecommit: "+err.Error()))
	if _, wrong := errors.AsType[credentialhelper.Usage](err); wrong {
		return 2
	}
	return 1
}

func (p Process) run(ctx context.Context) (int, error) {
	remote, rawURL, err := p.arguments()
	if err != nil {
		return 0, err
	}
	u, err := remoteurl.Parse(rawURL)
	if err != nil {
		return 0, hint(rawURL, err)
	}
	t, err := Open(ctx, u, p.Env, p.Now)
	if err != nil {
		return 0, err
	}
	if t.CABundle != "" { // git would not say which file it misses
		if _, err := os.Stat(t.CABundle); err != nil {
			return 0, fmt.Errorf("AWS_CA_BUNDLE or ca_bundle names a file that cannot be read: %w; name the right file", err)
		}
	}
	program, args, err := p.Find(p.Env)
	if err != nil {
		return 0, err
	}
	args = append(args, remote, t.URL)
	if p.Pushing() {
		h := &pusher{p: p, target: t, program: program, args: args}
		return h.converse(ctx)
	}
	return p.Become(program, args, environ(p.Environ, t))
}

// OS is the process that runs, and what it can do.
func OS() Process {
	return Process{Args: os.Args, Env: os.LookupEnv, Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now,
		Become: Become, Spawn: Spawn, Pushing: Pushing, Find: Find}
}

func (p Process) arguments() (remote, url string, err error) {
	switch {
	case len(p.Args) < 3:
		return "", "", errors.New("Too few arguments. This hook requires the git command and remote.") //nolint:staticcheck // the official text
	case len(p.Args) > 3:
		return "", "", fmt.Errorf("Too many arguments. Hook only accepts the git command and remote, but argv was: '%s'", strings.Join(p.Args, "', '")) //nolint:staticcheck // the official text
	}
	return p.Args[1], p.Args[2], nil
}

// apiPath is what an https URL of CodeCommit has in front of the repository.
const apiPath = "/v1/repos/"

// hint adds what to write instead of an https URL that was pasted.
func hint(rawURL string, err error) error {
	if i := strings.Index(rawURL, apiPath); i >= 0 {
		return fmt.Errorf("%w (For an https URL of CodeCommit write codecommit://%s)", err, rawURL[i+len(apiPath):])
	}
	return err
}

// oneLine keeps what an error quotes from moving the terminal's cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
}
