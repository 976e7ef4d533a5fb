package git_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sojourn/internal/gate"
	"sojourn/internal/git"
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
		!strings.Contains(out, "[new branch]      main -> topic") {
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

func TestBodies(t *testing.T) {
	s := start(t)
	w := s.work("work")
	main := w.git("rev-parse", "main")
	if status, body := s.request("git-receive-pack", strings.NewReader("0000")); status != http.StatusOK || body != "" {
		t.Errorf("a probe: %d %q", status, body)
	}
	var z bytes.Buffer
	zip := gzip.NewWriter(&z)
	fmt.Fprint(zip, commands("", zero+" "+main+" refs/heads/main"), w.pack("main"))
	zip.Close()
	// Of unknown length, so chunked; compressed; and the client waits for leave to send.
	status, body := s.request("git-receive-pack", io.MultiReader(&z), "Content-Encoding", "gzip", "Expect", "100-continue")
	if status != http.StatusOK || report(t, body) != "unpack ok\nok refs/heads/main" {
		t.Errorf("%d %q", status, body)
	}
	s.user().git("clone", "-q", s.url, "clone")
	s.same(w, s.in("clone"), "main")
}

// TestBadRequests: each is answered with one clear message; nothing is written.
func TestBadRequests(t *testing.T) {
	s := start(t)
	w := s.work("work")
	main := w.git("rev-parse", "main")
	create := commands("", zero+" "+main+" refs/heads/main")
	pack := w.pack("main")
	flipped := []byte(pack)
	flipped[len(flipped)-30] ^= 1
	tooMany := strings.Repeat(string(pktline.Append(nil, zero+" "+main+" refs/heads/x\x00 report-status")), 4001) + "0000"
	for name, c := range map[string]struct{ body, want string }{
		"no pack":           {create, "unpack the pack is missing\nng refs/heads/main unpacker error"},
		"half a pack":       {create + pack[:len(pack)/2], "unpack early EOF\nng refs/heads/main unpacker error"},
		"damaged":           {create + string(flipped), "unpack "},
		"no pack but text":  {create + strings.Repeat("text ", 20), "unpack pack signature mismatch\nng refs/heads/main unpacker error"},
		"bad length":        {"zzzz", "ERR bad pkt-line length \"zzzz\""},
		"bad command":       {"000dnonsense\n0000", "ERR bad reference update command"},
		"sha256":            {commands("object-format=sha256", zero+" "+main+" refs/heads/main") + pack, "ERR object format \"sha256\" is not supported, only sha1"},
		"certificate":       {string(pktline.Append(nil, "push-cert\x00")) + "0000", "ERR signed pushes are not supported"},
		"too many commands": {tooMany + pack, "ERR too many reference update commands"},
		"cut off":           {create[:40], "ERR the request ends in the middle"},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.with(t)
			status, body := s.request("git-receive-pack", strings.NewReader(c.body))
			got := fmt.Sprintf("%d %s", status, body)
			if status == http.StatusOK {
				got = report(t, body)
			}
			if !strings.HasPrefix(got, c.want) || strings.Contains(got, s.dir) || strings.Contains(got, "ok refs") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for name, c := range map[string]struct{ body, want string }{
		"unknown command": {"0014command=nonsense0000", "ERR unknown command \"nonsense\""},
		"bad length":      {"00zz", "ERR bad pkt-line length \"00zz\""},
		"bad argument":    {"0014command=ls-refs\n0001000cnonsense0000", "ERR unexpected argument of ls-refs: \"nonsense\""},
		"bad want":        {"0011command=fetch0001000cwant xyz0000", "ERR "},
		"cut off":         {"0014command=ls-refs\n00010009pe", "ERR the request ends in the middle"},
	} {
		if status, body := s.request("git-upload-pack", strings.NewReader(c.body), "Git-Protocol", "version=2"); status != http.StatusOK || !strings.HasPrefix(report(t, body), c.want) {
			t.Errorf("%s: %d %q, want %q", name, status, body, c.want)
		}
	}
	if s.refs() != "" || s.row().Version != 1 {
		t.Errorf("something was written: %s", s.refs())
	}
	s.noPacksBut(0)
}

// TestHiddenRefs: refs of ours are seen by nobody and kept from everybody.
func TestHiddenRefs(t *testing.T) {
	s := start(t)
	w := s.work("work")
	secret := w.commit("secret", "secret\n")
	w.git("push", "-q", "origin", "main~1:refs/heads/main", "main:refs/heads/gone")
	results, err := s.engine.UpdateRefs(t.Context(), demoID, "actor", []git.RefUpdate{{Name: "refs/sojourn/pull/1", New: secret}}, false)
	if err != nil || !errors.Is(results[0].Err, git.ErrHidden) {
		t.Errorf("%v %v", results, err)
	}
	err = s.store.Update(t.Context(), func(tx store.Tx) error {
		row, err := tx.LockRepository(demoID)
		if err != nil {
			return err
		}
		row.Version++
		if err := tx.PutRefs(demoID, []store.Ref{{Name: "refs/sojourn/pull/1", OID: secret}}); err != nil {
			return err
		}
		if err := tx.AppendRefLog(demoID, []store.RefChange{{Version: row.Version, Ref: "refs/sojourn/pull/1", New: secret}}); err != nil {
			return err
		}
		return tx.UpdateRepository(row)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"0", "1", "2"} {
		if out := s.user().git("-c", "protocol.version="+v, "ls-remote", s.url); strings.Contains(out, "sojourn") || !strings.Contains(out, "refs/heads/main") {
			t.Errorf("version %s:\n%s", v, out)
		}
	}
	if status, body := s.request("git-receive-pack", strings.NewReader("0000")); status != 200 || strings.Contains(body, "sojourn") {
		t.Errorf("%d %q", status, body)
	}
	if got := s.push(commands("", secret+" "+zero+" refs/sojourn/pull/1"), ""); !strings.Contains(got, "ng refs/sojourn/pull/1 this ref is reserved") {
		t.Errorf("got %q", got)
	}
}

// TestProgressAndQuiet: git shows what the server does, unless told not to.
func TestProgressAndQuiet(t *testing.T) {
	s := start(t)
	w := s.work("work")
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "%d: %x\n", i, sha1.Sum([]byte{byte(i)}))
	}
	for i := range 20 {
		w.commit("file", text.String()+fmt.Sprint(i))
	}
	cmd := w.command("push", "--progress", "origin", "main")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "remote: Resolving deltas: 100%") {
		t.Errorf("%v\n%s", err, out)
	}
	w.commit("file", "another\n")
	if out, err := w.command("push", "--quiet", "origin", "main").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDefaultBranch: the first push chooses it.
func TestDefaultBranch(t *testing.T) {
	for _, c := range []struct {
		push []string
		want string
	}{
		{[]string{"main:refs/heads/zebra", "main:refs/heads/ape"}, "refs/heads/zebra"},
		{[]string{"main:refs/heads/a", "main:refs/heads/master"}, "refs/heads/master"},
		{[]string{"main:refs/heads/a", "main:refs/heads/master", "main"}, "refs/heads/main"},
		{[]string{"main:refs/tags/v1"}, ""},
	} {
		s := start(t)
		w := s.work("work")
		w.git(append([]string{"push", "-q", "origin"}, c.push...)...)
		if got := s.row().Head; got != c.want {
			t.Errorf("after pushing %q the default branch is %q, want %q", c.push, got, c.want)
		}
	}
}

func TestMaxPack(t *testing.T) {
	s := start(t, func(o *git.Options) { o.MaxPack = 100_000 })
	w := s.work("work")
	w.git("config", "core.compression", "0")
	w.commit("large", strings.Repeat("0123456789", 20_000))
	if out := w.fails("push", "origin", "main"); !strings.Contains(out, "remote unpack failed: pack exceeds maximum allowed size") {
		t.Errorf("git says:\n%s", out)
	}
	w.git("push", "-q", "origin", "main~1:refs/heads/main")
	r := io.MultiReader(strings.NewReader(commands("", zero+" "+strings.Repeat("1", 40)+" refs/heads/x")), io.LimitReader(zeros{}, 32<<20))
	if status, body := s.request("git-receive-pack", r); status != http.StatusRequestEntityTooLarge || !strings.Contains(body, "larger than this server permits") {
		t.Errorf("%d %q", status, body)
	}
	s.noPacksBut(1)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestClientGoesAway: half a push leaves nothing behind.
func TestClientGoesAway(t *testing.T) {
	s := start(t)
	w := s.work("work")
	main := w.git("rev-parse", "main")
	in, out := io.Pipe()
	go func() {
		io.WriteString(out, commands("", zero+" "+main+" refs/heads/main")+w.pack("main")[:60])
		time.Sleep(50 * time.Millisecond)
		out.CloseWithError(io.ErrClosedPipe) // the transport cuts the connection
	}()
	r, _ := http.NewRequest(http.MethodPost, s.url+"/git-receive-pack", in)
	r.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	if res, err := http.DefaultClient.Do(r); err == nil {
		res.Body.Close()
	}
	for range 200 {
		if len(files(t, s.dir+"/cache/incoming")) == 0 && len(children()) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if left := files(t, s.dir+"/cache/incoming"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if s.refs() != "" {
		t.Error("refs were written")
	}
}
