package git_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// outbox is all that is to be delivered to a sink.
func outbox(s *server, kind string) (events []store.Event) {
	s.t.Helper()
	s.view(func(tx store.Tx) (err error) {
		events, err = tx.DueEvents(kind, 1<<40, 0)
		return err
	})
	return events
}

// TestEvents: a push leaves an event for each ref that it changed, in CodeCommit's form, and none for what was refused.
func TestEvents(t *testing.T) {
	s := start(t, func(o *git.Options) { o.Events = []string{"log", "webhook"} })
	w := s.work("work")
	first := strings.TrimSpace(w.git("rev-parse", "main"))
	w.git("push", "-q", s.url, "main", "main:refs/heads/a/b", "main:refs/tags/v1", "main:refs/notes/x")
	second := w.commit("two", "2\n")
	w.git("push", "-q", s.url, "main", ":refs/heads/a/b")
	w.git("push", "-q", s.url, "main") // again: nothing changes
	w.fails("push", s.url, "main~1:refs/heads/main", "main:refs/heads/main/x")
	type detail struct{ Event, ReferenceType, ReferenceName, ReferenceFullName, CommitID, OldCommitID, RepositoryName, RepositoryID, CallerUserARN string }
	var got []string
	for _, e := range outbox(s, "webhook") {
		var m struct {
			Version, ID, Source, Account, Time, Region string
			Type                                       string `json:"detail-type"`
			Resources                                  []string
			Detail                                     detail
		}
		if err := json.Unmarshal([]byte(e.Payload), &m); err != nil {
			t.Fatal(err)
		}
		d := m.Detail
		got = append(got, fmt.Sprintln(d.Event, d.ReferenceType, d.ReferenceName, d.ReferenceFullName, d.OldCommitID, d.CommitID))
		if m.Version != "0" || m.Source != "aws.codecommit" || m.Type != "CodeCommit Repository State Change" || d.RepositoryID != demoID || d.RepositoryName != "demo" ||
			len(m.Resources) != 1 || !strings.HasSuffix(m.Resources[0], ":demo") || !strings.HasPrefix(m.Resources[0], "arn:aws:codecommit:"+m.Region+":"+m.Account) || !strings.HasPrefix(d.CallerUserARN, "arn:aws:") ||
			!regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(m.ID) ||
			!regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(m.Time) {
			t.Errorf("event %s", e.Payload)
		}
	}
	want := strings.NewReplacer("FIRST", first, "SECOND", second).Replace(`referenceCreated branch main refs/heads/main  FIRST
referenceCreated branch a/b refs/heads/a/b  FIRST
referenceCreated tag v1 refs/tags/v1  FIRST
referenceCreated other notes/x refs/notes/x  FIRST
referenceDeleted branch a/b refs/heads/a/b FIRST 
referenceUpdated branch main refs/heads/main FIRST SECOND
`)
	if all := strings.Join(got, ""); all != want {
		t.Errorf("events\n%s\nwant\n%s", all, want)
	}
	if n := len(outbox(s, "log")); n != len(got) {
		t.Errorf("%d events for the log, %d for the webhook", n, len(got))
	}
}

// eventForEachChange: whatever crashed, each change of a ref that took effect has its events, and nothing else has any.
func (v *victim) eventForEachChange() {
	v.t.Helper()
	v.open()
	defer v.close()
	var changes []store.RefChange
	v.view(func(tx store.Tx) (err error) {
		changes, err = tx.RefLogSince(demoID, 0)
		return err
	})
	for _, kind := range []string{"log", "webhook"} {
		events := outbox(v.server, kind)
		if len(events) != len(changes) {
			v.t.Fatalf("%d refs changed, %d events for the %s", len(changes), len(events), kind)
		}
		for i, c := range changes {
			if e := events[i]; e.Version != c.Version || !strings.Contains(e.Payload, fmt.Sprintf(`"referenceFullName":%q`, c.Ref)) {
				v.t.Errorf("change %d is %+v, the event %s", i, c, e.Payload)
			}
		}
	}
}
