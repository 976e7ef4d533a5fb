package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
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
// terminal as it was, even when ctx or the program ends first. io.EOF says that the terminal ended.
func ReadHidden(ctx context.Context, f *os.File) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	caught, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case s := <-signals:
			cancel(signalled{s})
		case <-caught.Done():
		}
	}()
	text, err := Interruptible(caught, func() (string, error) { return readHiddenLine(f) })
	if caught.Err() == nil {
		return text, err
	}
	err = errors.Join(caught.Err(), term.Restore(fd, before))
	if s, ok := errors.AsType[signalled](context.Cause(caught)); ok {
		select {
		case <-ctx.Done(): // the program catches signals, and ends in its own way
		case <-time.After(grace):
			signal.Stop(signals)
			raise(s.Signal)
		}
	}
	return "", err
}

// signalled is a signal that came while the terminal showed nothing.
type signalled struct{ os.Signal }

func (s signalled) Error() string { return s.String() }

// grace is how long a program that catches signals has to cancel its context.
const grace = 100 * time.Millisecond

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
