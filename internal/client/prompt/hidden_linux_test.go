package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
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

// A program that catches no signals, as git's helpers, is ended by one while the
// terminal shows nothing: it ends by that signal, and the terminal shows again.
func TestSignalledWhileHidden(t *testing.T) {
	if os.Getenv("TEST_READ_HIDDEN") != "" {
		ReadHidden(context.Background(), os.Stdin)
		os.Exit(3)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		keyboard, terminal := pseudoTerminal(t)
		c := exec.Command(os.Args[0], "-test.run=^TestSignalledWhileHidden$")
		c.Env, c.Stdin = append(os.Environ(), "TEST_READ_HIDDEN=1"), terminal
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for echoes(t, keyboard) {
			runtime.Gosched()
		}
		c.Process.Signal(sig)
		c.Wait()
		if status := c.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v: %v", sig, c.ProcessState)
		}
		if !echoes(t, keyboard) {
			t.Errorf("%v: the terminal shows nothing any more", sig)
		}
	}
}
