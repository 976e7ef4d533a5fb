package remotehelper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Spawn runs the program and returns its exit status. It returns when the
// program ends, whether or not there is more to read.
func Spawn(_ context.Context, program string, args, environ []string, in io.Reader, out io.Writer) (int, error) {
	c := &exec.Cmd{Path: program, Args: args, Env: environ, Stdout: out, Stderr: os.Stderr}
	pipe, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", program, err)
	}
	go func() {
		_, _ = io.Copy(pipe, in) // that the program has gone is seen below
		pipe.Close()
	}()
	err = c.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("running %s: %w", program, err)
	}
	return 0, nil
}
