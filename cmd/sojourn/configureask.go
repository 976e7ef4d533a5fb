package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"sojourn/internal/client/config"
	"sojourn/internal/client/prompt"
)

// dialogue is "aws configure" without a command: four questions, and an empty
// answer leaves what is there. The questions and their form are the AWS CLI's;
// the secret is not echoed on a terminal.
func (u *configuration) dialogue(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return usagef("configure: unexpected argument %q", args[0])
	}
	p, _ := u.cfg.Profile(u.profile)
	in := bufio.NewReader(u.stdin)
	for _, q := range []struct{ key, question string }{
		{"aws_access_key_id", "AWS Access Key ID"}, {"aws_secret_access_key", "AWS Secret Access Key"},
		{"region", "Default region name"}, {"output", "Default output format"},
	} {
		now, _ := p.Get(q.key)
		shown := now
		switch {
		case now == "":
			shown = "None"
		case q.key == "aws_access_key_id":
			shown = tail(now)
		case q.key == "aws_secret_access_key":
			shown = hidden
		}
		fmt.Fprintf(u.stdout, "%s [%s]: ", q.question, shown)
		answer, err := u.line(ctx, in, q.key == "aws_secret_access_key")
		if err != nil {
			return fmt.Errorf("configure: reading the answer: %w; what was answered before is written", err)
		}
		if answer == "" {
			continue
		}
		if err := u.cfg.Set(u.profile, config.Setting{Key: q.key, Value: answer}); err != nil {
			return err
		}
	}
	return nil
}

// line reads one line of standard input; a secret one is not shown as it is typed.
func (u *configuration) line(ctx context.Context, in *bufio.Reader, secret bool) (string, error) {
	if f, ok := u.stdin.(*os.File); ok && secret && term.IsTerminal(int(f.Fd())) && in.Buffered() == 0 {
		text, err := prompt.ReadHidden(ctx, f)
		fmt.Fprintln(u.stdout)
		return strings.TrimSpace(text), err
	}
	text, err := prompt.Interruptible(ctx, func() (string, error) { return in.ReadString('\n') })
	if errors.Is(err, io.EOF) && text != "" {
		err = nil
	}
	return strings.TrimSpace(text), err
}
