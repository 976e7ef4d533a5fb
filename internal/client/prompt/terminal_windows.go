package prompt

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// console is a Windows terminal, which has one name to read and one to write.
type console struct{ in, out *os.File }

func openTerminal() (Terminal, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return console{in, out}, nil
}

func (c console) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c console) Write(p []byte) (int, error) { return c.out.Write(p) }
func (c console) Close() error                { return errors.Join(c.in.Close(), c.out.Close()) }

// hide turns the echo off until show is called.
func (c console) hide() (show func(), err error) {
	in := windows.Handle(c.in.Fd())
	var was uint32
	if err := windows.GetConsoleMode(in, &was); err != nil {
		return nil, err
	}
	if err := windows.SetConsoleMode(in, was&^windows.ENABLE_ECHO_INPUT); err != nil {
		return nil, err
	}
	return func() { _ = windows.SetConsoleMode(in, was) }, nil
}
