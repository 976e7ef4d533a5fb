package git

import (
	"testing"

	"sojourn/internal/git/gitproto"
)

// TestSharable: an answer is for others too where it depends on nothing but the
// repository and what is written in the request's own words.
func TestSharable(t *testing.T) {
	clone := gitproto.Fetch{Version: 2, Wants: []string{"a"}, Done: true}
	for name, change := range map[string]func(*gitproto.Fetch){
		"of version 0":   func(q *gitproto.Fetch) { q.Version = 0 },
		"of version 1":   func(q *gitproto.Fetch) { q.Version = 1 },
		"with haves":     func(q *gitproto.Fetch) { q.Haves = true },
		"not done":       func(q *gitproto.Fetch) { q.Done = false },
		"with many":      func(q *gitproto.Fetch) { q.Wants = make([]string, maxAnswerWants+1) },
		"with many more": func(q *gitproto.Fetch) { q.Options = make([]string, maxAnswerWants) },
	} {
		q := clone
		if change(&q); sharable(&q) {
			t.Errorf("the answer to one %s is shared", name)
		}
	}
	clone.Options = make([]string, maxAnswerWants-1)
	if !sharable(&clone) {
		t.Error("the answer to a clone is not shared")
	}
}
