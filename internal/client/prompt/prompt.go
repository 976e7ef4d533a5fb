// Package prompt asks a user for a line: on the terminal, or else through
// git's askpass programs. Standard input is never read and standard output
// never written, because in a remote helper both are git's.
package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
			return askTerminal(t, question)
		}
	}
	if _, program := p.Env.First("GIT_ASKPASS", "SSH_ASKPASS"); program != "" {
		return askProgram(ctx, program, question)
	}
	return "", errors.New("there is no terminal to ask on, and neither GIT_ASKPASS nor SSH_ASKPASS names a program that asks")
}

func askTerminal(t Terminal, question string) (string, error) {
	if _, err := t.Write([]byte(question)); err != nil {
		return "", fmt.Errorf("asking on the terminal: %w", err)
	}
	line, err := bufio.NewReader(t).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.Join(errors.New("nothing was answered"), err)
	}
	return line, nil
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
