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
	"slices"
	"strings"
	"syscall"
	"unicode"

	"sojourn/internal/stack"
)

// app is what a command may touch of the world around it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	collect        func(page) // takes the pages of help that would be printed; nil prints them
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

// lasting are the commands that finish what they have begun, however many signals come.
var lasting = []string{"serve", "metadata", "demo", "admin"}

func main() {
	stack.Grow()
	ctx, stop := context.Background(), func() {}
	if !(len(os.Args) > 1 && os.Args[1] == "credential-helper") { // for which git waits: a signal may just end it
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		if len(os.Args) > 1 && !slices.Contains(lasting, os.Args[1]) {
			context.AfterFunc(ctx, stop) // whatever a command waits for, a second signal ends it
		}
	}
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
	fmt.Fprintln(a.stderr, "sojourn:", still(err.Error()))
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// still keeps what an error quotes from moving the terminal's cursor. Lines are
// ours: a server's settings are told with all of their mistakes.
func still(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, s)
}

func (a *app) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		top := topPage()
		io.WriteString(a.stderr, top.text())
		return exitStatus(2)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) > 1 && args[0] == "help" {
			return a.dispatch(ctx, append(args[1:], "--help"))
		}
		a.show(topPage())
		return nil
	case "-version", "--version":
		args[0] = "version"
	}
	var names []string
	for _, c := range commandList() {
		if c.name == args[0] {
			return c.run(ctx, a, args[1:])
		}
		names = append(names, c.name)
	}
	return usagef("there is no command %q; %s", plain(args[0]), meant("sojourn ", args[0], names, `"sojourn help" lists them`))
}

// topPage is the help of the program itself.
func topPage() page {
	p := page{synopsis: "COMMAND [ARGUMENTS]", about: "Git on temporary credentials.", wordsAre: "Commands",
		more:    "\"sojourn COMMAND --help\" shows a command's flags and an example.\n" + exitStatuses,
		example: "sojourn login --profile CodeAccess"}
	for _, c := range commandList() {
		p.words = append(p.words, row2{c.name, c.summary})
	}
	return p
}

// exitStatuses are a promise to scripts.
const exitStatuses = "Exit status: 0 done; 1 failed, or \"no\" where a question was asked (one line on standard error says why and what to do); " +
	"2 wrong command line; 130 interrupted; 254 a service refused, as with \"aws\"."
