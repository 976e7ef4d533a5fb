// Command sojourn is the server and the larger half of the client: it serves
// Git and the AWS APIs on temporary credentials, administers a data directory,
// and does for a user at a terminal what the AWS CLI does on this page's walk.
//
// Exit status: 0 success; 1 the command failed, with one line on standard error
// that names the cause and the next step; 2 the command line was wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
)

// app is what a command may touch of the world around it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// command is one word behind "sojourn".
type command struct {
	name, summary string
	run           func(ctx context.Context, a *app, args []string) error
}

// usageError is a wrong command line: exit status 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errHelp says that help was asked for and has been printed.
var errHelp = errors.New("help")

// exitStatus ends a command with a status whose line is already on standard error.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	status := a.main(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// main runs one command line and returns its exit status.
func (a *app) main(ctx context.Context, args []string) int {
	err := a.dispatch(ctx, args)
	switch {
	case err == nil || errors.Is(err, errHelp):
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return 130
	}
	if status, ok := errors.AsType[exitStatus](err); ok {
		return int(status)
	}
	fmt.Fprintln(a.stderr, "sojourn:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

func (a *app) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		a.help(a.stderr)
		return exitStatus(2)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		a.help(a.stdout)
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, a, args[1:])
		}
	}
	return usagef("there is no command %q; \"sojourn help\" lists them", args[0])
}

func (a *app) help(w io.Writer) {
	fmt.Fprint(w, "Sojourn: Git on temporary credentials.\n\nUsage: sojourn COMMAND [ARGUMENTS]\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintf(t, "  %s\t%s\n", c.name, c.summary)
	}
	t.Flush()
	fmt.Fprint(w, strings.TrimLeft(`
"sojourn COMMAND --help" shows a command's flags and an example.
Exit status: 0 done, 1 failed (one line on standard error says why and what to do), 2 wrong command line.
`, ""))
}
