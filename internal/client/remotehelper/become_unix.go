//go:build unix

package remotehelper

import (
	"fmt"
	"syscall"
)

// Become replaces this process by the program.
func Become(program string, args, environ []string) (int, error) {
	err := syscall.Exec(program, args, environ)
	return 0, fmt.Errorf("starting %s: %w", program, err)
}
