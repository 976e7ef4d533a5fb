package git_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
)

// TestCrashedCompactions kills the server at each point of a compaction and of a
// purge: the list of packs is the old one or, if the commit was reached, the new
// one; what is served is whole, fsck finds nothing, what the dead server began
// can be done again once its lease has ended, and nothing is left over.
func TestCrashedCompactions(t *testing.T) {
	seed := start(t)
	w := seed.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("checkout", "-q", "-b", "gone")
	lost := w.commit("unreachable", "nothing refers to this\n")
	w.git("push", "-q", "origin", "gone")
	w.git("push", "-q", "origin", "--delete", "gone")
	w.git("checkout", "-q", "main")
	w.pushes(0, 4)
	before := packIDs(seed)
	seed.close()
	os.RemoveAll(seed.dir + "/cache")

	for _, act := range []string{"compaction", "base", "purge"} {
		for _, point := range git.Failpoints() {
			if point.Of != "repack" && (point.Of != "purge" || act != "purge") {
				continue
			}
			t.Run(act+" "+point.Name, func(t *testing.T) {
				t.Parallel()
				v := &victim{server: &server{t: t, dir: t.TempDir(), home: t.TempDir(), gate: &rules{}}}
				if err := os.CopyFS(v.dir, os.DirFS(seed.dir)); err != nil {
					t.Fatal(err)
				}
				v.dies(point.Name, "SOJOURN_CRASH_IN="+act)
				waitFor(t, "the dead server's processes to end", func() bool { return len(v.orphans()) == 0 })

				v.open(func(o *git.Options) { o.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } })
				if same := slices.Equal(packIDs(v.server), before); same == point.Done {
					t.Errorf("packs before %q, after %q", before, packIDs(v.server))
				}
				v.whole(w, lost, act == "purge" && point.Done)
				// The server may be at it by itself, for somebody has cloned.
				waitFor(t, "another "+act, func() bool {
					return crashing[act](v.engine) == nil && len(packIDs(v.server)) < len(before)
				})
				if after := packIDs(v.server); act == "purge" && len(after) != 1 {
					t.Errorf("packs after another purge %q", after)
				}
				v.whole(w, lost, act == "purge")
				v.close()
				v.sweep()
			})
		}
	}
}

func packIDs(s *server) (ids []string) {
	for _, p := range s.packs() {
		ids = append(ids, p.ID)
	}
	return ids
}

// whole fails unless all of main is served, fsck finds nothing, and an object
// that no ref reaches is there or dropped.
func (v *victim) whole(w clone, lost string, dropped bool) {
	v.t.Helper()
	v.same(w, v.mirror("whole"), "main")
	if c := v.fsck(); len(c.Problems) > 0 {
		v.t.Errorf("fsck finds %+v", c.Problems)
	}
	kind, err := v.engine.ObjectType(v.t.Context(), demoID, lost)
	if err != nil || strings.Contains(kind, "commit") == dropped {
		v.t.Errorf("what nothing refers to is a %q, %v; dropped %v", kind, err, dropped)
	}
}
