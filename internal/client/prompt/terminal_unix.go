//go:build unix

package prompt

import (
	"context"
	"os"
)

// tty is the controlling terminal.
type tty struct{ *os.File }

func openTerminal() (Terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return tty{f}, nil
}

// ReadSecret reads a line that is not shown.
func (t tty) ReadSecret(ctx context.Context) (string, error) { return ReadHidden(ctx, t.File) }
