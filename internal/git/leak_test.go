package git_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// settled gives demo's state the time for its proof: two clones in a row, of which
// none has secret, and more if stored packs are to be sent and are not yet. It
// reports whether the last was sent them.
func (s *server) settled(secret string, proven bool) (sent bool) {
	s.t.Helper()
	end := time.Now().Add(time.Minute)
	for i := 0; i < 2 || proven && !sent && time.Now().Before(end); i++ {
		os.RemoveAll(s.in("settled").dir)
		var c clone
		c, sent = s.whole("settled")
		if strings.Contains(c.packed(), secret) {
			s.t.Errorf("a clone has %s, which nothing refers to", secret)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return sent
}

// TestUnreachableIsNotSent: whatever makes an object unreachable, no clone has it,
// though a proof was there before; and once what is unreachable lies apart, or is
// gone, stored packs are sent again.
func TestUnreachableIsNotSent(t *testing.T) {
	for i, c := range []struct {
		name string
		lose func(s *server, w clone) // makes refs/heads/topic unreachable
		sent bool                     // stored packs are sent all the same
	}{
		{"branch deleted", func(_ *server, w clone) { w.git("push", "-q", "origin", "--delete", "topic") }, false},
		{"forced back", func(_ *server, w clone) { w.git("push", "-q", "-f", "origin", "main:topic") }, false},
		{"forced to another", func(_ *server, w clone) {
			w.git("checkout", "-q", "-b", "other", "main")
			w.commit("other", "other\n")
			w.git("push", "-q", "-f", "origin", "other:topic")
		}, false},
		{"deleted through the API", func(s *server, w clone) {
			r, err := s.engine.UpdateRefs(s.t.Context(), demoID, "arn", []git.RefUpdate{{Name: "refs/heads/topic", Old: w.git("rev-parse", "topic")}}, true)
			if err != nil || r[0].Err != nil {
				s.t.Fatal(err, r)
			}
		}, false},
		{"hidden", func(s *server, w clone) {
			id := w.git("rev-parse", "topic")
			w.git("push", "-q", "origin", "--delete", "topic")
			err := s.store.Update(s.t.Context(), func(tx store.Tx) error {
				row, err := tx.LockRepository(demoID)
				if err == nil {
					err = tx.PutRefs(demoID, []store.Ref{{Name: git.HiddenRefs + "pr/1", OID: id}})
				}
				row.Version++
				if err == nil {
					err = tx.AppendRefLog(demoID, []store.RefChange{{Version: row.Version, Ref: git.HiddenRefs + "pr/1", New: id, Push: "x"}})
				}
				if err == nil {
					err = tx.UpdateRepository(row)
				}
				return err
			})
			if err != nil {
				s.t.Fatal(err)
			}
		}, false},
		{"purged", func(s *server, w clone) {
			id := w.git("rev-parse", "topic")
			w.git("push", "-q", "origin", "--delete", "topic")
			waitFor(s.t, "a compaction that the deletion has called for", func() bool {
				_, err := s.engine.Purge(s.t.Context(), demoID, []string{id})
				if err != nil && !strings.Contains(err.Error(), "is being compacted") {
					s.t.Fatal(err)
				}
				return err == nil
			})
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t)
			w := s.work("work")
			w.git("push", "-q", "origin", "main")
			w.git("checkout", "-q", "-b", "topic")
			secret := w.commit("secret", "secret\n")
			w.git("push", "-q", "origin", "topic")
			base := i%2 == 0 // what is lost is in a new base, else in a pack that is soon in one
			if base {
				s.compact(git.CompactBase)
			}
			s.proven()
			c.lose(s, w)
			if sent := s.settled(secret, base && c.sent); base && sent != c.sent {
				t.Errorf("stored packs are sent: %t", sent)
			}
			w.git("checkout", "-q", "main")
			w.pushes(0, 2) // nothing hides it again
			if sent := s.settled(secret, base && c.sent); base && sent != c.sent {
				t.Errorf("after pushes stored packs are sent: %t", sent)
			}
			if base {
				s.compact(git.CompactBase)
			}
			s.proven()
			w.pushes(10, 2)
			if !s.settled(secret, true) {
				t.Error("after a compaction and pushes stored packs are not sent")
			}
		})
	}
}

// TestRefusedIsNotSent: what came with a push that was refused is in no clone.
func TestRefusedIsNotSent(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	s.proven()
	main := w.git("rev-parse", "main")
	w.git("checkout", "-q", "--orphan", "odd")
	w.git("rm", "-q", "-f", "README")
	secret := w.commit("secret", "secret\n")
	for name, c := range map[string]struct{ command, pack string }{
		"stale":           {commands("", secret+" "+secret+" refs/heads/main"), w.pack(secret, "^"+main)},
		"not a commit":    {commands("", zero+" "+w.git("rev-parse", secret+"^{tree}")+" refs/heads/x"), w.pack(secret, "^"+main)},
		"atomic":          {commands("atomic", zero+" "+secret+" refs/heads/x", secret+" "+secret+" refs/heads/main"), w.pack(secret, "^"+main)},
		"more than asked": {commands("", zero+" "+main+" refs/heads/y"), w.pack(secret, "^"+main)},
	} {
		s.push(c.command, c.pack)
		if name == "more than asked" {
			s.settled(secret, false)
			s.proven() // once it lies apart
		} else if !s.settled(secret, true) {
			t.Errorf("%s: stored packs are not sent", name)
		}
	}
}

// fetchRequest is a clone's request in version 2.
func fetchRequest(lines ...string) string {
	b := append(pktline.Append(pktline.Append(nil, "command=fetch"), "object-format=sha1"), pktline.DelimPacket...)
	for _, l := range lines {
		b = pktline.Append(b, l+"\n")
	}
	return string(append(b, pktline.FlushPacket...))
}

// TestWholePackReasons: anything but a request for all that there is by a client
// that has nothing and takes deltas by offset is git's to answer.
func TestWholePackReasons(t *testing.T) {
	s := start(t)
	w := s.work("work")
	first := w.git("rev-parse", "main")
	w.commit("two", "2\n")
	w.git("tag", "-a", "-m", "T", "t", first)
	w.git("push", "-q", "origin", "main", "t")
	s.proven()
	main, tag := "want "+w.git("rev-parse", "main"), "want "+w.git("rev-parse", "t")
	for name, c := range map[string]struct {
		lines []string
		sent  bool
	}{
		"all":             {[]string{"ofs-delta", main, tag, "done"}, true},
		"all, as a clone": {[]string{"thin-pack", "no-progress", "include-tag", "ofs-delta", main, main, tag, "done"}, true},
		"a branch alone":  {[]string{"ofs-delta", main, "done"}, false},
		"more":            {[]string{"ofs-delta", main, tag, "want " + first, "done"}, false},
		"instead":         {[]string{"ofs-delta", main, "want " + first, "done"}, false},
		"what is not":     {[]string{"ofs-delta", main, tag, "want " + strings.Repeat("1", 40), "done"}, false},
		"no deltas":       {[]string{main, tag, "done"}, false},
		"has some":        {[]string{"ofs-delta", main, tag, "have " + first, "done"}, false},
		"not done":        {[]string{"ofs-delta", main, tag, "have " + first}, false},
		"deepen":          {[]string{"ofs-delta", main, tag, "deepen 1", "done"}, false},
		"since":           {[]string{"ofs-delta", main, tag, "deepen-since 100", "done"}, false},
		"shallow":         {[]string{"ofs-delta", main, tag, "shallow " + first, "done"}, false},
		"filter":          {[]string{"ofs-delta", main, tag, "filter blob:none", "done"}, false},
		"new option":      {[]string{"ofs-delta", main, tag, "packfile-uris https", "done"}, false},
		"malformed":       {[]string{"ofs-delta", main, tag, "want x", "done"}, false},
	} {
		before := s.engine.Stats().WholePacks
		status, body := s.request("git-upload-pack", strings.NewReader(fetchRequest(c.lines...)), "Git-Protocol", "version=2")
		if sent := s.engine.Stats().WholePacks > before; status != http.StatusOK || sent != c.sent {
			t.Errorf("%s: %d, stored packs are sent: %t\n%.200q", name, status, sent, body)
		}
	}
	for name, c := range map[string]struct {
		caps string
		sent bool
	}{
		"version 0":      {" side-band-64k ofs-delta agent=x", true},
		"no side-band":   {" ofs-delta", false},
		"small band":     {" side-band ofs-delta", false},
		"no deltas":      {" side-band-64k", false},
		"without a word": {"", false},
	} {
		request := string(pktline.Append(pktline.Append(nil, main+c.caps+"\n"), tag+"\n")) + "0000" + "0009done\n"
		before := s.engine.Stats().WholePacks
		status, body := s.request("git-upload-pack", strings.NewReader(request))
		if sent := s.engine.Stats().WholePacks > before; status != http.StatusOK || sent != c.sent || !strings.HasPrefix(body, "0008NAK\n") {
			t.Errorf("%s: %d, stored packs are sent: %t\n%.200q", name, status, sent, body)
		}
	}
}

// TestRepeatedObjects: packs that have an object twice between them are not sent
// as they are, for a strict client refuses that.
func TestRepeatedObjects(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	s.proven()
	old := w.git("rev-parse", "main")
	id := w.commit("two", "2\n")
	got := s.push(commands("", old+" "+id+" refs/heads/main"), w.pack(id)) // the whole history once more
	if !strings.Contains(got, "ok refs/heads/main") {
		t.Fatal(got)
	}
	c, _ := s.whole("twice", "-c", "transfer.fsckObjects=true")
	s.same(w, c, "main")
	s.settled(zero, false)
	s.proven() // once a base has each once
	w.commit("big", strings.Repeat("text of some length\n", 1000))
	w.git("push", "-q", "origin", "main")
	for i := range 4 { // thin packs, whose appended bases are left out
		w.commit("big", strings.Repeat("text of some length\n", 1000)+fmt.Sprint(i))
		w.git("push", "-q", "origin", "main")
	}
	c, sent := s.whole("thin", "-c", "transfer.fsckObjects=true")
	if s.same(w, c, "main"); !sent {
		t.Error("thin packs are not sent as they came")
	}
}

// A tag that goes while its commit stays takes its own object with it, also when
// a branch moves on at the same moment.
func TestDeletedTagIsNotSent(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.git("tag", "-a", "-m", "secret", "t")
	w.git("push", "-q", "origin", "t")
	s.proven()
	tag := w.git("rev-parse", "t")
	w.commit("next", "next\n")
	w.git("push", "-q", "--atomic", "origin", "main", ":refs/tags/t")
	for range 3 { // a proof that is made of the one before needs a moment
		s.settled(tag, false)
	}
}
