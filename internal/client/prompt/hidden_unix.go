//go:build unix

package prompt

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// readHiddenLine reads a line that the terminal does not show. The x/term
// package's function never returns when the terminal ends instead (Ctrl-D).
func readHiddenLine(f *os.File) (text string, err error) {
	fd := int(f.Fd())
	shown, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return "", err
	}
	hidden := *shown
	hidden.Lflag = hidden.Lflag&^unix.ECHO | unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &hidden); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unix.IoctlSetTermios(fd, setTermios, shown)) }()
	var line []byte
	b := make([]byte, 1)
	for len(line) < maxAnswer {
		switch n, err := f.Read(b); {
		case n == 1 && b[0] == '\n' || errors.Is(err, io.EOF) && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		case n == 1:
			line = append(line, b[0])
		}
	}
	return "", errors.New("that is too long")
}

// raise ends this process by a signal that it has caught, as its parent expects.
// The signal may come to another thread, a moment later; where it is ignored, this returns.
func raise(s os.Signal) {
	if number, ok := s.(syscall.Signal); ok && syscall.Kill(os.Getpid(), number) == nil {
		time.Sleep(time.Second)
	}
}
