package directory

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/directory/directorytest"
)

// spellings are eleven ways to type one name at OpenLDAP.
var spellings = []string{"alice", "ALICE", "Alice", "aLiCe", " alice", "alice ", "  alice  ", "\uff41lice", "alice\u00a0", "\uff21\uff2c\uff29\uff23\uff25", "\u2000alice"}

// TestElevenSpellings are one identity with one throttle.
func TestElevenSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, openLDAP, "OpenLDAP")
	w.role(`{"StringEquals":{"ds:username":"alice"}}`)
	for _, name := range spellings {
		if s := w.assume(name, directorytest.Password); s.SubjectId != "00000000-0000-4000-8000-000000000001" || !strings.HasSuffix(s.AssumedRoleUser.Arn, "/alice") {
			t.Errorf("%q is %+v", name, s)
		}
	}
	tried, waited := 0, 0
	for i := range 22 {
		sh, args := w.command(spellings[i%11], "wrong")
		switch out := sh.Fail("sojourn", args...); {
		case strings.Contains(out, letsNobodyIn):
			tried++
		case strings.Contains(out, "(Throttling)"):
			waited++
		default:
			t.Errorf("%q: %s", spellings[i%11], out)
		}
	}
	if tried < 5 || tried > 8 { // each second or so of the delays lets one more pass
		t.Errorf("%d guesses were looked at and %d had to wait, want 5 or little more", tried, waited)
	}
	w.refuse("(Throttling)", "alice", directorytest.Password)
	w.refuse(letsNobodyIn, "dave", "wrong") // others are not locked out
	w.Turn(15 * time.Minute)
	w.assume("ALICE ", directorytest.Password)
}

// TestUnknownUsersTakeAsLong compares the times of refusals that the client sees.
func TestUnknownUsersTakeAsLong(t *testing.T) {
	w := newWorld(t, openLDAP, "OpenLDAP")
	w.role(`{"StringEquals":{"ds:username":"alice"}}`)
	median := func(user func(i int) string) time.Duration {
		var all []time.Duration
		for i := range 5 {
			all = append(all, w.took(user(i)))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	known := median(func(i int) string { return []string{"alice", "dave", "bob", "carol", "lou"}[i] })
	unknown := median(func(i int) string { return []string{"nobody", "nobodi", "nobodx", "nobodz", "nobodw"}[i] })
	if d := (known - unknown).Abs(); d*10 > known {
		t.Errorf("somebody takes %s and nobody %s", known, unknown)
	}
	t.Logf("medians: somebody %s, nobody %s", known, unknown)
}

// took is how long the server took to refuse a wrong password.
func (w *world) took(user string) time.Duration {
	w.t.Helper()
	w.refuse(letsNobodyIn, user, "wrong")
	lines := strings.Split(strings.TrimSpace(w.Logs.String()), "\n")
	var event struct{ Took time.Duration }
	w.parse(lines[len(lines)-1], &event)
	return event.Took
}
