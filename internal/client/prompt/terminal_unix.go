//go:build unix

package prompt

import "os"

func openTerminal() (Terminal, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }
