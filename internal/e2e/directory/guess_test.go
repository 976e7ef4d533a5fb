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
	for i := range 14 { // each in other letters, and late enough for the delays, until they are of minutes
		w.refuse(letsNobodyIn, spellings[i%11], "wrong")
		w.Turn(15 * time.Minute)
	}
	w.refuse(letsNobodyIn, "alice", "wrong")
	for _, name := range spellings {
		w.refuse("(Throttling)", name, directorytest.Password)
	}
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
	if d := (known - unknown).Abs(); d*5 > known { // a machine that has other things to do is off by a tenth
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
