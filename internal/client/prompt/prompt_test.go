package prompt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sojourn/internal/client/config"
)

// typed is a terminal at which text has been typed.
type typed struct {
	*strings.Reader
	shown *strings.Builder
}

func (t typed) Write(p []byte) (int, error) { return t.shown.Write(p) }
func (typed) Close() error                  { return nil }

func env(m map[string]string) config.Env {
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func TestTerminal(t *testing.T) {
	for text, want := range map[string]string{"123456\n": "123456", " 123456 \r\n": "123456", "123456": "123456", "\n": "", "": ""} {
		shown := &strings.Builder{}
		p := Prompter{Env: env(nil), Terminal: func() (Terminal, error) { return typed{strings.NewReader(text), shown}, nil }}
		got, err := p.Ask(context.Background(), "Enter MFA code: ")
		if got != want || (err == nil) != (want != "") || shown.String() != "Enter MFA code: " {
			t.Errorf("typed %q: %q, %v, shown %q", text, got, err, shown)
		}
	}
}

func TestNobodyToAsk(t *testing.T) {
	none := func() (Terminal, error) { return nil, errors.New("none") }
	_, err := Prompter{Env: env(nil), Terminal: none}.Ask(context.Background(), "?")
	if err == nil || !strings.Contains(err.Error(), "GIT_ASKPASS") {
		t.Error(err)
	}
	// GIT_TERMINAL_PROMPT=0 means that nobody sits there, whatever is open.
	p := Prompter{Env: env(map[string]string{"GIT_TERMINAL_PROMPT": "0"}), Terminal: func() (Terminal, error) { t.Error("the terminal was opened"); return none() }}
	if _, err := p.Ask(context.Background(), "?"); err == nil {
		t.Error("something was answered")
	}
}

func TestAskpass(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the program in this test is a shell script")
		return
	}
	dir := t.TempDir()
	for name, script := range map[string]string{"good": `printf '%s\nmore\n' "$1" | tr -d ' :a-zA-Z'`, "bad": "exit 3", "mute": "", "long": "head -c 5000 /dev/zero | tr '\\0' x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	none := func() (Terminal, error) { return nil, errors.New("none") }
	for program, want := range map[string]string{"good": "123456", "bad": "exit status 3", "mute": "answered nothing", "long": "answered too much"} {
		p := Prompter{Env: env(map[string]string{"SSH_ASKPASS": filepath.Join(dir, program)}), Terminal: none}
		got, err := p.Ask(context.Background(), "Code: 123456")
		if program == "good" && (got != want || err != nil) || program != "good" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v", program, got, err)
		}
	}
}

// silent is a terminal at which nobody types anything.
type silent struct{ end chan struct{} }

func (s silent) Read([]byte) (int, error)  { <-s.end; return 0, errors.New("closed") }
func (silent) Write(p []byte) (int, error) { return len(p), nil }
func (silent) Close() error                { return nil }

// A question ends with the context, as on Ctrl-C, and not only with the next line.
func TestInterrupted(t *testing.T) {
	s := silent{make(chan struct{})}
	defer close(s.end)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := Prompter{Env: env(nil), Terminal: func() (Terminal, error) { return s, nil }}
	if _, err := p.Ask(ctx, "?"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
