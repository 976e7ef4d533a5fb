package remotehelper

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

// Become runs the program on this process's own streams and returns its exit
// status: Windows cannot replace a process.
func Become(program string, args, environ []string) (int, error) {
	signal.Ignore(os.Interrupt) // git and the program get it, too, and decide
	c := &exec.Cmd{Path: program, Args: args, Env: environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", program, err)
	}
	return 0, nil
}
