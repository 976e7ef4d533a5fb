package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"sojourn/internal/client/signin"
)

// maxPaste is more than a SAML response in base64, percent-encoded.
const maxPaste = 400 << 10

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// pasteLine reads one line of standard input.
func (l *login) pasteLine(context.Context) (string, error) {
	if l.pasting == nil {
		l.pasting = bufio.NewReader(io.LimitReader(l.stdin, maxPaste))
	}
	text, err := l.pasting.ReadString('\n')
	if text = strings.TrimSpace(text); text != "" {
		return text, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return "", errors.New("nothing was pasted")
}

// pastedResponse is a SAML response out of a file, of standard input or pasted.
func (l *login) pastedResponse(address string) (signin.Response, error) {
	var text string
	var err error
	switch {
	case l.f.response == "-":
		text, err = readAll(l.stdin)
	case l.f.response != "":
		var f *os.File
		if f, err = os.Open(l.f.response); err == nil {
			text, err = readAll(f)
			f.Close()
		}
	default:
		if address == "" {
			return signin.Response{}, usagef("login: want --saml-url URL, or --saml-response FILE")
		}
		l.tell("Sign in at\n\n  " + address + "\n\nWith the browser's developer tools open, find the last POST, to .../saml, and copy the value of SAMLResponse from what it sent. Paste it here (it is not shown) and press Enter:")
		if !l.f.noBrowser {
			_ = signin.OpenBrowser(l.files.Env, runtime.GOOS, address) // without a browser the address is above
		}
		if text, err = l.longLine(); text == "" && err == nil {
			err = errors.New("nothing was pasted")
		}
	}
	if err != nil {
		return signin.Response{}, fmt.Errorf("reading the SAML response: %w", err)
	}
	return signin.ParseResponse(text)
}

func readAll(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPaste+1))
	if err == nil && len(b) > maxPaste {
		err = errors.New("it is too long")
	}
	return string(b), err
}

// longLine reads a line that is longer than the 4,096 bytes at which a terminal
// cuts the lines that it edits itself.
func (l *login) longLine() (string, error) {
	if !isTerminal(l.stdin) {
		return l.pasteLine(context.Background())
	}
	fd := int(l.stdin.(*os.File).Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(fd, before)
	var line []byte
	var b [4096]byte
	for len(line) < maxPaste {
		n, err := l.stdin.Read(b[:])
		for _, c := range b[:n] {
			switch c {
			case '\r', '\n':
				fmt.Fprint(l.stderr, "\r\n")
				return string(line), nil
			case 3: // Ctrl-C
				return "", exitStatus(130)
			case 4: // Ctrl-D
				return "", errors.New("nothing was pasted")
			}
			line = append(line, c)
		}
		if err != nil {
			return "", err
		}
	}
	return "", errors.New("it is too long")
}
