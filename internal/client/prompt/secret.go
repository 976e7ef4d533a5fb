package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/term"
)

// hidden is a terminal that can read a line without showing it.
type hidden interface {
	ReadSecret(ctx context.Context) (string, error)
}

// AskSecret is Ask for a text that is not to be seen: a terminal does not show
// it, and spaces around it belong to it.
func (p Prompter) AskSecret(ctx context.Context, question string) (string, error) {
	open := p.Terminal
	if open == nil {
		open = openTerminal
	}
	if p.Env.Get("GIT_TERMINAL_PROMPT") != "0" {
		if t, err := open(); err == nil {
			defer t.Close()
			return askHidden(ctx, t, question)
		}
	}
	if program := p.askpass(ctx); program != "" {
		return runAskpass(ctx, program, question)
	}
	return "", errNobody
}

func askHidden(ctx context.Context, t Terminal, question string) (string, error) {
	h, ok := t.(hidden)
	if !ok {
		return "", errors.New("the terminal cannot read without showing what is typed")
	}
	if _, err := t.Write([]byte(question)); err != nil {
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	line, err := h.ReadSecret(ctx)
	t.Write([]byte("\n")) // the one that was typed was not shown
	switch {
	case err == nil && line == "" || errors.Is(err, io.EOF):
		return "", errors.New("nothing was answered")
	case err != nil:
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	return line, nil
}

// ReadHidden reads a line of a terminal that does not echo it, and leaves the
// terminal as it was, even when ctx ends first. io.EOF says that the terminal ended.
func ReadHidden(ctx context.Context, f *os.File) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := Interruptible(ctx, func() (string, error) { return readHiddenLine(f) })
	if ctx.Err() != nil {
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
	return text, err
}

// runAskpass asks by a program, whose answer is its first line as it stands.
func runAskpass(ctx context.Context, program, question string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	c := exec.CommandContext(ctx, program, question)
	c.Stderr = os.Stderr
	c.WaitDelay = time.Second
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("the askpass program %q failed: %w", program, err)
	}
	if len(out) > maxAnswer {
		return "", fmt.Errorf("the askpass program %q answered too much", program)
	}
	answer, _, _ := strings.Cut(string(out), "\n")
	if answer = strings.TrimSuffix(answer, "\r"); answer == "" {
		return "", fmt.Errorf("the askpass program %q answered nothing", program)
	}
	return answer, nil
}
