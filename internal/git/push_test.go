package git_test

import (
	"crypto/sha1"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"sojourn/internal/gate"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// request is a POST as git would send it, or as it never would.
func (s *server) request(service string, body io.Reader, header ...string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/"+service, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-"+service+"-request")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

const zero = gitproto.ZeroOID

var emptyPack = func() string {
	head := "PACK\x00\x00\x00\x02\x00\x00\x00\x00"
	sum := sha1.Sum([]byte(head))
	return head + string(sum[:])
}()

// commands is a push's beginning: lines of "old new ref".
func commands(caps string, lines ...string) string {
	var b []byte
	for i, l := range lines {
		if i == 0 {
			l += "\x00 report-status " + caps
		}
		b = pktline.Append(b, l)
	}
	return string(b) + pktline.FlushPacket
}

// push sends a push without side-band and returns its report, one line each.
func (s *server) push(commands, pack string) string {
	s.t.Helper()
	status, body := s.request("git-receive-pack", strings.NewReader(commands+pack))
	if status != http.StatusOK {
		s.t.Fatalf("%d %s", status, body)
	}
	return report(s.t, body)
}

func report(t testing.TB, body string) string {
	t.Helper()
	var out []string
	r := pktline.NewReader(strings.NewReader(body))
	for {
		kind, p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(out, "\n")
		}
		if err != nil {
			t.Fatalf("%v in %q", err, body)
		}
		if kind == pktline.Data {
			out = append(out, string(pktline.Text(p)))
		}
	}
}

// pack makes a pack of revisions: "main", "^main~1".
func (c clone) pack(revs ...string) string {
	c.s.t.Helper()
	cmd := c.command("pack-objects", "--revs", "--stdout", "-q", "--thin")
	cmd.Stdin = strings.NewReader(strings.Join(revs, "\n"))
	out, err := cmd.Output()
	if err != nil {
		c.s.t.Fatal(err)
	}
	return string(out)
}

func TestRefusedRefsByName(t *testing.T) {
	s := start(t)
	w := s.work("work")
	s.gate.deny = func(r gate.Request) bool {
		ref := r.Context["codecommit:references"]
		return len(ref) == 1 && ref[0] == "refs/heads/main"
	}
	out := w.fails("push", "origin", "main", "main:topic")
	if !strings.Contains(out, "! [remote rejected] main -> main (You don't have permission to push changes to this branch)") ||
		!strings.Contains(out, "[new branch]      main -> topic") || strings.Count(out, "remote: not authorized to perform: codecommit:GitPush (request ") != 1 {
		t.Errorf("git says:\n%s", out)
	}
	if refs := s.refs(); strings.Contains(refs, "heads/main") || !strings.Contains(refs, "heads/topic") {
		t.Errorf("the server has:\n%s", refs)
	}
	before := s.refs()
	if out := w.fails("push", "--atomic", "origin", "main", "main:second"); !strings.Contains(out, "main -> second (atomic push failure") {
		t.Errorf("git says:\n%s", out)
	}
	if s.refs() != before {
		t.Errorf("half of an atomic push went through:\n%s", s.refs())
	}
}

// TestGateIsAsked: at info/refs without refs, at the push once for each ref.
func TestGateIsAsked(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main", "main:refs/tags/v1")
	var asked []string
	for _, r := range s.gate.asked {
		asked = append(asked, r.Action+" "+strings.Join(r.Context["codecommit:references"], ","))
		if want := "arn:aws:codecommit:" + region + ":" + account + ":demo"; r.Resource != want {
			t.Errorf("resource %q, want %q", r.Resource, want)
		}
	}
	got := strings.Join(asked, "\n")
	want := "codecommit:GitPush \ncodecommit:GitPush \ncodecommit:GitPush refs/heads/main\ncodecommit:GitPush refs/tags/v1"
	if got != want {
		t.Errorf("asked\n%s\nwant\n%s", got, want)
	}
	s.gate.asked = nil
	s.refs()
	for _, r := range s.gate.asked {
		if r.Action != "codecommit:GitPull" {
			t.Errorf("ls-remote asks for %s", r.Action)
		}
	}
}

// TestDenied: each request asks, and who is denied learns nothing.
func TestDenied(t *testing.T) {
	s := start(t)
	s.work("work").git("push", "-q", "origin", "main")
	s.gate.deny = func(gate.Request) bool { return true }
	for _, name := range []string{"demo", "absent"} {
		url := strings.Replace(s.url, "/demo", "/"+name, 1)
		if out := s.user().fails("ls-remote", url); !strings.Contains(out, "remote: not authorized to perform: codecommit:GitPull") || !strings.Contains(out, "403") {
			t.Errorf("%s: git says:\n%s", name, out)
		}
		if out := s.in("work").fails("push", url, "main:x"); !strings.Contains(out, "remote: not authorized to perform: codecommit:GitPush") {
			t.Errorf("%s: git says:\n%s", name, out)
		}
		other := s.with(t)
		other.url = url
		for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
			if status, body := other.request(service, strings.NewReader("0000")); status != http.StatusForbidden || strings.Contains(body, "refs/") {
				t.Errorf("%s %s: %d %q", name, service, status, body)
			}
		}
	}
	s.gate.deny = nil
	if out := s.user().fails("ls-remote", strings.Replace(s.url, "/demo", "/absent", 1)); !strings.Contains(out, "not found") {
		t.Errorf("git says:\n%s", out)
	}
}

// TestRefusals: what a push may not do, ref by ref; nothing changes.
func TestRefusals(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.commit("two", "2\n")
	w.git("tag", "-a", "-m", "A tag", "v1")
	w.git("push", "-q", "origin", "main", "v1", "main:refs/heads/dir/one", "main:refs/heads/topic")
	main, first, tag, tree := w.git("rev-parse", "main"), w.git("rev-parse", "main~1"), w.git("rev-parse", "v1"), w.git("rev-parse", "main^{tree}")
	absent := strings.Repeat("1", 40)
	before, version := s.refs(), s.row().Version
	for _, c := range []struct{ command, want string }{
		{first + " " + first + " refs/heads/topic", "ng refs/heads/topic the ref has changed meanwhile; fetch and try again"},
		{zero + " " + first + " refs/heads/topic", "ng refs/heads/topic the ref exists already"},
		{main + " " + first + " refs/heads/none", "ng refs/heads/none the ref does not exist"},
		{main + " " + zero + " refs/heads/main", "ng refs/heads/main the default branch cannot be deleted; make another branch the default first"},
		{zero + " " + main + " refs/heads/dir", "ng refs/heads/dir the name conflicts with another ref's"},
		{zero + " " + main + " refs/heads/topic/two", "ng refs/heads/topic/two the name conflicts with another ref's"},
		{zero + " " + main + " refs/heads/a..b", "ng refs/heads/a..b invalid ref name: "},
		{zero + " " + main + " HEAD", "ng HEAD invalid ref name: "},
		{zero + " " + main + " refs/one", "ng refs/one invalid ref name: "},
		{zero + " " + main + " ../../etc/passwd", "ng ../../etc/passwd invalid ref name: "},
		{zero + " " + main + " refs/heads/" + main, "ng refs/heads/" + main + " invalid ref name: "},
		{zero + " " + main + " refs/heads/" + strings.Repeat("x", 257), "ng refs/heads/" + strings.Repeat("x", 257) + " invalid ref name: "},
		{zero + " " + main + " refs/heads/\xff", "ng refs/heads/\xff invalid ref name: "},
		{zero + " " + main + " refs/sojourn/pull/1", "ng refs/sojourn/pull/1 this ref is reserved"},
		{zero + " " + tree + " refs/heads/tree", "ng refs/heads/tree a branch must point to a commit"},
		{zero + " " + tag + " refs/heads/tag", "ng refs/heads/tag a branch must point to a commit"},
		{zero + " " + absent + " refs/heads/absent", "ng refs/heads/absent missing necessary objects"},
		{zero + " " + absent + " refs/tags/absent", "ng refs/tags/absent missing necessary objects"},
	} {
		if got := s.push(commands("", c.command), emptyPack); !strings.HasPrefix(got, "unpack ok\n"+c.want) {
			t.Errorf("%q: %q, want %q", c.command, got, c.want)
		}
	}
	got := s.push(commands("", zero+" "+main+" refs/heads/twice", zero+" "+first+" refs/heads/twice"), emptyPack)
	if strings.Count(got, "ng refs/heads/twice the ref is named more than once") != 2 {
		t.Errorf("a ref named twice: %q", got)
	}
	if got := s.push(commands("", zero+" "+main+" refs/heads/x", zero+" "+main+" refs/heads/x/y"), emptyPack); !strings.Contains(got, "ok refs/heads/x\n") ||
		!strings.Contains(got, "ng refs/heads/x/y the name conflicts") {
		t.Errorf("two new refs that conflict: %q", got)
	}
	if got := s.push(commands("", main+" "+zero+" refs/heads/x"), ""); got != "unpack ok\nok refs/heads/x" {
		t.Errorf("deleting: %q", got)
	}
	if s.refs() != before {
		t.Errorf("refs changed:\n%s\nwere\n%s", s.refs(), before)
	}
	if v := s.row().Version; v != version+2 {
		t.Errorf("version %d, want %d: refused pushes leave no trace", v, version+2)
	}
	s.noPacksBut(1)
}

// noPacksBut fails unless the repository lists n packs and no others are stored.
func (s *server) noPacksBut(n int) {
	s.t.Helper()
	s.view(func(tx store.Tx) error {
		packs, err := tx.Packs(demoID)
		if err == nil && len(packs) != n {
			s.t.Errorf("%d packs are listed, want %d", len(packs), n)
		}
		return err
	})
	if blobs := files(s.t, s.dir+"/objects"); len(blobs) != 2*n {
		s.t.Errorf("stored: %q, want %d packs", blobs, n)
	}
}

// TestDirectoryGivesWay: a deletion makes room for a name in the same push.
func TestDirectoryGivesWay(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main", "main:refs/heads/a")
	main := w.git("rev-parse", "main")
	if got := s.push(commands("atomic", zero+" "+main+" refs/heads/a/b", main+" "+zero+" refs/heads/a"), emptyPack); got != "unpack ok\nok refs/heads/a/b\nok refs/heads/a" {
		t.Errorf("got %q", got)
	}
	s.user().git("clone", "-q", "--mirror", s.url, "mirror")
}

// TestSentTwice: curl sends a request again when a connection dies before an answer.
func TestSentTwice(t *testing.T) {
	s := start(t)
	w := s.work("work")
	main := w.git("rev-parse", "main")
	body, pack := commands("", zero+" "+main+" refs/heads/main"), w.pack("main")
	for range 2 {
		if got := s.push(body, pack); got != "unpack ok\nok refs/heads/main" {
			t.Errorf("got %q", got)
		}
	}
	if got := s.push(commands("", zero+" "+zero+" refs/heads/never"), ""); got != "unpack ok\nok refs/heads/never" {
		t.Errorf("deleting what is not there: %q", got)
	}
	if v := s.row().Version; v != 2 {
		t.Errorf("version %d, want 2", v)
	}
	s.noPacksBut(1)
}

// TestNamesOfBefore: a branch whose name a new one may not have can still be
// moved and deleted.
func TestNamesOfBefore(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.commit("two", "2\n")
	w.git("push", "-q", "origin", "main")
	main, first := w.git("rev-parse", "main"), w.git("rev-parse", "main~1")
	name := "refs/heads/" + strings.Repeat("x", 300)
	err := s.store.Update(t.Context(), func(tx store.Tx) error {
		row, err := tx.LockRepository(demoID)
		if err != nil {
			return err
		}
		row.Version++
		return errors.Join(tx.PutRefs(demoID, []store.Ref{{Name: name, OID: first}}),
			tx.AppendRefLog(demoID, []store.RefChange{{Version: row.Version, Ref: name, New: first}}), tx.UpdateRepository(row))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ command, want string }{
		{first + " " + main + " " + name, "ok " + name},
		{main + " " + main + " " + name + "x", "ng " + name + "x invalid ref name: "},
		{main + " " + zero + " " + name, "ok " + name},
		{zero + " " + main + " " + name, "ng " + name + " invalid ref name: "},
		{main + " " + zero + " " + name, "ok " + name}, // it is gone already
	} {
		if got := s.push(commands("", c.command), emptyPack); !strings.HasPrefix(got, "unpack ok\n"+c.want) {
			t.Errorf("%.100q: %q, want %q", c.command, got, c.want)
		}
	}
}
