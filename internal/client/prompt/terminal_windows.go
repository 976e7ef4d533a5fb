package prompt

import (
	"context"
	"errors"
	"os"
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

// ReadSecret reads a line that is not shown.
func (c console) ReadSecret(ctx context.Context) (string, error) { return ReadHidden(ctx, c.in) }
