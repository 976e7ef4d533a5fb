package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// A command that waits for a person ends on Ctrl-C with status 130, and says and writes nothing.
func TestInterruptedCommands(t *testing.T) {
	for _, line := range []string{"configure", "configure set aws_secret_access_key"} {
		in, typing, err := os.Pipe() // at which nobody types
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		defer typing.Close()
		home := t.TempDir()
		var out, errOut bytes.Buffer
		a := &app{stdin: in, stdout: &out, stderr: &errOut, getenv: func(name string) string {
			return map[string]string{"HOME": home, "USERPROFILE": home}[name]
		}}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if status := a.main(ctx, strings.Fields(line)); status != 130 || errOut.Len() > 0 {
			t.Errorf("%s: status %d, %s", line, status, errOut.String())
		}
		if files, err := os.ReadDir(home); err != nil || len(files) > 0 {
			t.Errorf("%s wrote %v, %v", line, files, err)
		}
	}
}

// What a server says does not move the terminal's cursor.
func TestErrorsHoldStill(t *testing.T) {
	if got := still("a\x1b[2J\u009b\rb\nc"); got != "a [2J  b\nc" {
		t.Errorf("%q", got)
	}
}
