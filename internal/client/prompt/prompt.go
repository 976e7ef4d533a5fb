// Package prompt asks a user for a line: on the terminal, or else through
// git's askpass programs. Standard input is never read and standard output
// never written, because in a remote helper both are git's.
package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"sojourn/internal/client/config"
)

// Prompter asks.
type Prompter struct {
	Env      config.Env
	Terminal func() (Terminal, error) // nil: the controlling terminal
}

// Terminal is where a question is written and its answer read.
type Terminal interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
}

// answerTime bounds the wait for an answer.
const answerTime = 5 * time.Minute

// maxAnswer bounds what an askpass program may print.
const maxAnswer = 4 << 10

// Ask asks question and returns what was answered, without the line end.
func (p Prompter) Ask(ctx context.Context, question string) (string, error) {
	open := p.Terminal
	if open == nil {
		open = openTerminal
	}
	if p.Env.Get("GIT_TERMINAL_PROMPT") != "0" {
		if t, err := open(); err == nil {
			defer t.Close()
			return askTerminal(ctx, t, question)
		}
	}
	if program := p.askpass(ctx); program != "" {
		return askProgram(ctx, program, question)
	}
	return "", errNobody
}

var errNobody = errors.New("there is no terminal to ask on, and none of GIT_ASKPASS, core.askPass and SSH_ASKPASS names a program that asks; " +
	"run the command in a terminal, or set one of them")

// askpass is the program that git would ask by. Git itself knows its settings, and is asked only here.
func (p Prompter) askpass(ctx context.Context) string {
	if v := p.Env.Get("GIT_ASKPASS"); v != "" {
		return v
	}
	if git, err := exec.LookPath("git"); err == nil {
		if out, err := exec.CommandContext(ctx, git, "config", "--type=path", "--get", "core.askPass").Output(); err == nil {
			if v := strings.TrimRight(string(out), "\r\n"); v != "" {
				return v
			}
		}
	}
	return p.Env.Get("SSH_ASKPASS")
}

func askTerminal(ctx context.Context, t Terminal, question string) (string, error) {
	if _, err := t.Write([]byte(question)); err != nil {
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	line, err := Interruptible(ctx, func() (string, error) {
		return bufio.NewReader(io.LimitReader(t, maxAnswer)).ReadString('\n')
	})
	switch line = strings.TrimSpace(line); {
	case line != "":
		return line, nil
	case err == nil || errors.Is(err, io.EOF):
		return "", errors.New("nothing was answered")
	}
	return "", fmt.Errorf("asking on the terminal: %w", err)
}

// Interruptible waits for a person's answer, or for ctx to end: a read of a
// terminal ends by nothing but a line. What is typed after ctx has ended is lost.
func Interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func askProgram(ctx context.Context, program, question string) (string, error) {
	answer, err := runAskpass(ctx, program, question)
	if err != nil {
		return "", err
	}
	if answer = strings.TrimSpace(answer); answer == "" {
		return "", fmt.Errorf("the askpass program %q answered nothing", program)
	}
	return answer, nil
}
