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
	"os"
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
	return p.ask(ctx, question, false)
}

// Secret asks like Ask, without showing what is typed.
func (p Prompter) Secret(ctx context.Context, question string) (string, error) {
	return p.ask(ctx, question, true)
}

func (p Prompter) ask(ctx context.Context, question string, hidden bool) (string, error) {
	open := p.Terminal
	if open == nil {
		open = openTerminal
	}
	if p.Env.Get("GIT_TERMINAL_PROMPT") != "0" {
		if t, err := open(); err == nil {
			defer t.Close()
			return askTerminal(t, question, hidden)
		}
	}
	if program := p.askpass(ctx); program != "" {
		return askProgram(ctx, program, question)
	}
	return "", errors.New("there is no terminal to ask on, and none of GIT_ASKPASS, core.askPass and SSH_ASKPASS names a program that asks; " +
		"run the command in a terminal, or set one of them")
}

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

// hider is a terminal that can keep what is typed from being shown.
type hider interface {
	hide() (show func(), err error)
}

func askTerminal(t Terminal, question string, hidden bool) (string, error) {
	if h, ok := t.(hider); ok && hidden {
		show, err := h.hide()
		if err != nil {
			return "", fmt.Errorf("keeping the answer from being shown on the terminal: %w", err)
		}
		defer func() { show(); t.Write([]byte("\n")) }()
	}
	if _, err := t.Write([]byte(question)); err != nil {
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	line, err := bufio.NewReader(io.LimitReader(t, maxAnswer)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.Join(errors.New("nothing was answered"), err)
	}
	return line, nil
}

func askProgram(ctx context.Context, program, question string) (string, error) {
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
	if answer = strings.TrimSpace(answer); answer == "" {
		return "", fmt.Errorf("the askpass program %q answered nothing", program)
	}
	return answer, nil
}
