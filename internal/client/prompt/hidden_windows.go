package prompt

import (
	"os"

	"golang.org/x/term"
)

// readHiddenLine reads a line that the console does not show.
func readHiddenLine(f *os.File) (string, error) {
	text, err := term.ReadPassword(int(f.Fd()))
	return string(text), err
}

// raise ends this process as Ctrl-C does.
func raise(os.Signal) { os.Exit(130) }
