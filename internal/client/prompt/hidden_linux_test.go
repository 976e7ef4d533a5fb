package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal returns both ends of one.
func pseudoTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	keyboard = os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { keyboard.Close() })
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// What is typed is read and not shown, until the line or the terminal ends, or, where nothing is typed, the context does.
func TestReadHidden(t *testing.T) {
	for keys, want := range map[string]string{"pass word \n": "pass word ", "pax\x7fss\n": "pass", "\n": "", "\x04": "", "half\x04\x04": "half", "": ""} {
		keyboard, terminal := pseudoTerminal(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		type answer struct {
			text string
			err  error
		}
		done := make(chan answer, 1)
		go func() {
			text, err := ReadHidden(ctx, terminal)
			done <- answer{text, err}
		}()
		for echoes(t, keyboard) {
			runtime.Gosched()
		}
		if _, err := keyboard.WriteString(keys); err != nil {
			t.Fatal(err)
		}
		if keys == "" {
			cancel()
		}
		a := <-done
		wantErr := map[string]error{"": context.Canceled, "\x04": io.EOF}[keys]
		if a.text != want || !errors.Is(a.err, wantErr) {
			t.Errorf("%q: %q, %v; want %q, %v", keys, a.text, a.err, want, wantErr)
		}
		if !echoes(t, keyboard) {
			t.Errorf("%q: the terminal was left as it must not be", keys)
		}
		shown := make([]byte, 100)
		terminal.WriteString("|")
		if n, err := keyboard.Read(shown); err != nil || string(shown[:n]) != "|" {
			t.Errorf("%q: it shows %q, %v", keys, shown[:n], err)
		}
	}
}
