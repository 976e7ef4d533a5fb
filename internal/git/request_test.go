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

	"sojourn/internal/git"
	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

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
	waitFor(t, "what has come to be removed", func() bool { return len(files(t, s.dir+"/cache/incoming"))+len(children()) == 0 })
	if s.refs() != "" {
		t.Error("refs were written")
	}
}
