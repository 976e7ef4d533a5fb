package gitexec

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestLimits: processes have bounds of memory and processor time, and so have their children.
func TestLimits(t *testing.T) {
	r := newRunner(t, Options{Path: fakeGit(t, "read x; sh -c 'ulimit -d; ulimit -t; ulimit -c'"), Memory: 1 << 30, CPU: 90 * time.Second})
	var out bytes.Buffer
	if err := r.Run(t.Context(), ObjectTypes(Objects{}), IO{Stdin: strings.NewReader("x\n"), Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(out.String()); len(got) != 3 || got[0] != "1048576" || got[1] != "90" || got[2] != "0" {
		t.Errorf("limits %q", got)
	}
}

// TestProcessorTime: what computes for ever is ended.
func TestProcessorTime(t *testing.T) {
	r := newRunner(t, Options{Path: fakeGit(t, "read x; while :; do :; done"), CPU: time.Second})
	err := r.Run(t.Context(), ObjectTypes(Objects{}), IO{Stdin: strings.NewReader("x\n")})
	if exit, ok := errors.AsType[*ExitError](err); !ok || exit.Code != -1 {
		if !errors.Is(err, errTooLong) {
			t.Errorf("got %v", err)
		}
	}
	if _, killed := r.Loads(); killed != 1 {
		t.Errorf("%d are counted", killed)
	}
}
