package credentialhelper

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/session"
)

// Word is the first argument that makes git-remote-codecommit this helper.
const Word = "credential-helper"

// Preference is a header that asks a server of our kind to answer 401 where a
// session has ended or was revoked: then git says "erase". The 403 that AWS has
// for it git tells nobody.
const Preference = "Prefer: refused-session=401"

// Usage is a wrong command line: exit status 2.
type Usage struct{ text string }

func (u Usage) Error() string { return u.text }

// Command is one call of the helper.
type Command struct {
	Env    config.Env
	Now    func() time.Time
	Stdin  io.Reader
	Stdout io.Writer
}

// Asked reports whether a program's arguments, without its name, ask for this
// helper. Git starts a remote helper with a remote's name, which may be Word, and a URL.
func Asked(args []string) bool {
	return len(args) > 0 && args[0] == Word &&
		(len(args) != 2 || strings.HasPrefix(args[1], "-") || !strings.Contains(args[1], "://"))
}

const usage = `Usage: git-remote-codecommit credential-helper [FLAGS] get|store|erase

The same as "sojourn credential-helper", in a program that starts faster.

Flags:
  --profile NAME        of the profile to use
  --region REGION       to sign for, where the host's name has none
  --ignore-host-check   answer for every host

Example:
  git config --global credential.https://git.example.com:8443.helper \
    '!git-remote-codecommit credential-helper --profile CodeAccess $@'
  git config --global credential.https://git.example.com:8443.useHttpPath true
`

// Run is the helper with the command line of "aws codecommit credential-helper".
func (c Command) Run(ctx context.Context, args []string) error {
	o := session.Options{Env: c.Env, Now: c.Now}
	flags := flag.NewFlagSet(Word, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Profile, "profile", "", "")
	flags.StringVar(&o.Region, "region", "", "")
	anyHost := flags.Bool("ignore-host-check", false, "")
	operation, err := Operation(flags, args, flags.Parse)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(c.Stdout, usage)
		return err
	case err != nil:
		return Usage{Word + ": " + err.Error()}
	}
	return c.Perform(ctx, operation, *anyHost, func() (*session.Session, error) { return session.Open(o) })
}

// Operation parses a command line and returns what is no flag. Flags may stand behind the operation, as with the AWS CLI.
func Operation(flags *flag.FlagSet, args []string, parse func([]string) error) (string, error) {
	if err := parse(args); err != nil {
		return "", err
	}
	operation := flags.Arg(0)
	if flags.NArg() > 1 {
		if err := parse(flags.Args()[1:]); err != nil {
			return "", err
		}
		operation = strings.TrimSpace(operation + " " + strings.Join(flags.Args(), " "))
	}
	return operation, nil
}

// erase is git's word for a password that a server has refused (401). What was
// kept is the session that it was made with: the next one is a new session's.
func (c Command) erase() error {
	fields, err := read(c.Stdin)
	if err != nil {
		return nil // there is nothing to forget
	}
	id, _, _ := strings.Cut(fields["username"], "%")
	if id == "" {
		return nil
	}
	cache.Under(c.Env.Home()).DropKey(id)
	cache.Dir(cache.SharedUnder(c.Env.Home())).DropKey(id)
	return nil
}

// Perform does what git asks for. Settings are opened only if they are needed.
func (c Command) Perform(ctx context.Context, operation string, anyHost bool, open func() (*session.Session, error)) error {
	switch operation {
	case "":
		return Usage{Word + ": want get, store or erase"}
	case "store":
		return nil
	case "erase":
		return c.erase()
	case "get":
	default:
		return Usage{fmt.Sprintf("%s: there is no operation %q; want get, store or erase", Word, operation)}
	}
	s, err := open()
	if err != nil {
		return err
	}
	return Helper{Session: s, Now: c.Now, AnyHost: anyHost}.Get(ctx, c.Stdin, c.Stdout)
}
