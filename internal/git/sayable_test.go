package git

import (
	"strings"
	"testing"

	"sojourn/internal/git/gitexec"
)

// TestSayable: of what index-pack says a client hears what is about its pack, and
// nothing that names what is ours.
func TestSayable(t *testing.T) {
	const ours = "fatal: unable to create '/var/lib/sojourn/cache/incoming/1/pack': Permission denied\n" +
		"error: packfile /var/lib/sojourn/objects/1.pack claims to have 2 objects\nwarning: /var/lib/sojourn\n"
	for stderr, want := range map[string]string{
		"":                          "index-pack failed",
		ours:                        "index-pack failed",
		"fatal: early EOF\n" + ours: "early EOF",
		ours + "error: object 12: badTimezone: x\n" + "fatal: fsck error in packed object\n": "object 12: badTimezone: x; fsck error in packed object",
		"Resolving deltas: fatal: early EOF\n":                                               "index-pack failed",
	} {
		got := newUnpackError(&gitexec.ExitError{Stderr: stderr}, room{})
		if got.text != want || strings.Contains(got.text, "/var/lib") {
			t.Errorf("%q is told as %q, want %q", stderr, got.text, want)
		}
	}
	for stderr, missing := range map[string]bool{"fatal: did not receive expected object 12\n": true, "fatal: pack has 3 unresolved deltas\n": true, "fatal: early EOF\n": false} {
		if got := newUnpackError(&gitexec.ExitError{Stderr: stderr}, room{}); got.missing != missing {
			t.Errorf("%q leans on what is not there: %t", stderr, got.missing)
		}
	}
	if got := newUnpackError(&gitexec.ExitError{Stderr: "fatal: pack exceeds maximum allowed size\n"}, room{used: 1, quota: 2}); got.refusal == nil || !strings.Contains(got.text, "push less history") {
		t.Errorf("a pack that is too large: %+v", got)
	}
	if got := newUnpackError(&gitexec.ExitError{Stderr: "fatal: write error: No space left on device\n"}, room{}); got.refusal != ErrDisk || got.text != "index-pack failed" { //nolint:errorlint // it is that one
		t.Errorf("a full disk: %+v", got)
	}
}
