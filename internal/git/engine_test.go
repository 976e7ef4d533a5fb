package git_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

func (s *server) update(u ...git.RefUpdate) string {
	s.t.Helper()
	return s.updateRefs(false, u...)
}

func (s *server) updateRefs(atomic bool, u ...git.RefUpdate) string {
	s.t.Helper()
	results, err := s.engine.UpdateRefs(s.t.Context(), demoID, "arn:of:actor", u, atomic)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, r := range results {
		if r.Err == nil {
			r.Err = errors.New("ok")
		}
		out = append(out, r.Name+": "+r.Err.Error())
	}
	return strings.Join(out, "\n")
}

func TestUpdateRefs(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.commit("two", "2\n")
	w.git("push", "-q", "origin", "main")
	main, first, tree := w.git("rev-parse", "main"), w.git("rev-parse", "main~1"), w.git("rev-parse", "main^{tree}")
	for _, c := range []struct {
		u    git.RefUpdate
		want error
	}{
		{git.RefUpdate{Name: "refs/heads/new", New: first}, nil},
		{git.RefUpdate{Name: "refs/heads/new", New: first}, git.ErrExists},
		{git.RefUpdate{Name: "refs/heads/new", New: main}, git.ErrExists},
		{git.RefUpdate{Name: "refs/heads/new", Old: main, New: main}, git.ErrStale},
		{git.RefUpdate{Name: "refs/heads/new", Old: first, New: main}, nil},
		{git.RefUpdate{Name: "refs/heads/new/below", New: main}, git.ErrConflict},
		{git.RefUpdate{Name: "refs/heads/none", Old: main, New: first}, git.ErrAbsent},
		{git.RefUpdate{Name: "refs/heads/none", Old: main}, git.ErrAbsent},
		{git.RefUpdate{Name: "refs/heads/new", Old: first}, git.ErrStale},
		{git.RefUpdate{Name: "refs/heads/main", Old: main}, git.ErrDefaultBranch},
		{git.RefUpdate{Name: "refs/heads/tree", New: tree}, git.ErrNotCommit},
		{git.RefUpdate{Name: "refs/heads/absent", New: strings.Repeat("1", 40)}, git.ErrMissing},
		{git.RefUpdate{Name: "refs/heads/a..b", New: main}, git.ErrName},
		{git.RefUpdate{Name: "refs/heads/new", Old: main}, nil},
	} {
		results, err := s.engine.UpdateRefs(t.Context(), demoID, "arn:of:actor", []git.RefUpdate{c.u}, false)
		if err != nil || len(results) != 1 || results[0].Name != c.u.Name || !errors.Is(results[0].Err, c.want) {
			t.Errorf("%+v: %+v %v, want %v", c.u, results, err, c.want)
		}
	}
	got := s.updateRefs(true, git.RefUpdate{Name: "refs/heads/x", New: main}, git.RefUpdate{Name: "refs/heads/main", Old: first, New: main})
	if !strings.Contains(got, "refs/heads/x: atomic push failure") || strings.Contains(s.refs(), "heads/x") {
		t.Errorf("atomic: %s", got)
	}
	if _, err := s.engine.UpdateRefs(t.Context(), "none", "actor", nil, false); !errors.Is(err, git.ErrNoRepository) {
		t.Errorf("no repository: %v", err)
	}
	s.view(func(tx store.Tx) error {
		log, err := tx.RefLogSince(demoID, 2)
		if len(log) != 3 || log[0].New != first || log[1].Old != first || log[2].New != "" {
			t.Errorf("the log has %+v", log)
		}
		push, err2 := tx.Push(log[0].Push)
		if push.Actor != "arn:of:actor" || push.Result != `{"refs/heads/new":"ok"}` {
			t.Errorf("the record is %+v", push)
		}
		return errors.Join(err, err2)
	})
}

func TestObjectType(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("tag", "-a", "-m", "A tag", "v1")
	w.git("push", "-q", "origin", "main", "v1")
	for rev, want := range map[string]string{"main": "commit", "v1": "tag", "main^{tree}": "tree", "main:README": "blob"} {
		if got, err := s.engine.ObjectType(t.Context(), demoID, w.git("rev-parse", rev)); got != want || err != nil {
			t.Errorf("%s: %q %v", rev, got, err)
		}
	}
	for _, oid := range []string{strings.Repeat("1", 40), "", "main", "--help", "HEAD", strings.ToUpper(w.git("rev-parse", "main"))} {
		if got, err := s.engine.ObjectType(t.Context(), demoID, oid); got != "" || err != nil {
			t.Errorf("%q: %q %v", oid, got, err)
		}
	}
	if _, err := s.engine.ObjectType(t.Context(), "none", w.git("rev-parse", "main")); !errors.Is(err, git.ErrNoRepository) {
		t.Errorf("no repository: %v", err)
	}
}

// TestOtherNode: what another engine on the same stores committed is seen at
// once, and its packs too.
func TestOtherNode(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	other := *s
	other.open(func(o *git.Options) { o.Store, o.Dir = s.store, filepath.Join(s.dir, "cache2") })
	defer other.close()
	for i := range 5 {
		from, to := s, &other
		if i%2 == 1 {
			from, to = to, from
		}
		id := w.commit("file", fmt.Sprint(i))
		w.git("push", "-q", from.url, "main", fmt.Sprintf("main:refs/heads/b%d", i))
		if refs := to.refs(); !strings.Contains(refs, id+"\trefs/heads/main") || strings.Count(refs, id) != 3 {
			t.Fatalf("round %d: want %s, the other node has\n%s", i, id, refs)
		}
		to.user().git("clone", "-q", to.url, fmt.Sprint("c", i))
		s.same(w, s.in(fmt.Sprint("c", i)), "main")
	}
}

// TestFewWarmRepositories: what is not kept is made again, and nothing of it stays.
func TestFewWarmRepositories(t *testing.T) {
	t.Run("Number", func(t *testing.T) { fewWarmRepositories(t, func(o *git.Options) { o.MaxRepositories = 2 }) })
	t.Run("Disk", func(t *testing.T) { fewWarmRepositories(t, func(o *git.Options) { o.MaxPackBytes = 1 }) })
}

func fewWarmRepositories(t *testing.T, bound func(*git.Options)) {
	s := start(t, bound)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	for round := range 2 {
		for i := range 5 {
			url := strings.Replace(s.url, "/demo", fmt.Sprint("/r", i), 1)
			if round == 0 {
				s.createRepository(fmt.Sprint("r", i), fmt.Sprint("id", i))
			}
			w.commit("file", fmt.Sprint(round, i))
			w.git("push", "-q", url, "main")
			dir := fmt.Sprint("c", round, i)
			s.user().git("clone", "-q", url, dir)
			s.same(w, s.in(dir), "main")
		}
	}
	for _, part := range []string{"gens", "views", "incoming"} {
		if left, _ := os.ReadDir(filepath.Join(s.dir, "cache", part)); len(left) > 2 {
			t.Errorf("%d %s are left", len(left), part)
		}
	}
}

func TestDeletedRepository(t *testing.T) {
	s := start(t, func(o *git.Options) { o.SweepEvery, o.TrashGrace = 20*time.Millisecond, -time.Hour })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	s.user().git("clone", "-q", s.url, "clone")
	err := s.store.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteRepository(demoID, time.Now().Unix()) })
	if err != nil {
		t.Fatal(err)
	}
	if out := s.user().fails("ls-remote", s.url); !strings.Contains(out, "not found") {
		t.Errorf("git says:\n%s", out)
	}
	waitFor(t, "the packs to go", func() bool {
		return len(files(t, s.dir+"/objects"))+len(files(t, s.dir+"/cache/gens"))+len(files(t, s.dir+"/cache/views")) == 0
	})
	s.createRepository("demo", "another-id")
	if refs := s.refs(); refs != "" {
		t.Errorf("a new repository of the name has %s", refs)
	}
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
