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
