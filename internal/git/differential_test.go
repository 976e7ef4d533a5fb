package git_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"sojourn/internal/pktline"
	"sojourn/internal/store"
)

// twins is a repository on our server and the same one for git's own programs.
type twins struct {
	*server
	bare clone
}

// odd names that sort around the slash and share beginnings with others.
var oddNames = []string{"main", "a", "a-b", "ab/c", "ab-/d", "ab0/e", "release/1.0", "release/1.0-rc", "release/10", "ü/ß", "HEAD", "refs/heads/x", "zz@1", "a+b"}

func newTwins(t testing.TB) *twins {
	s := start(t)
	w := s.work("work")
	w.git("tag", "-m", "one", "v1")
	w.git("tag", "-m", "of a tag", "v1-nested", "v1")
	w.git("tag", "light")
	w.git("tag", "-m", "of a tree", "tree", "HEAD^{tree}")
	for i, name := range oddNames {
		id := w.commit("file", fmt.Sprint(i))
		w.git("update-ref", "refs/heads/"+name, id)
	}
	w.git("update-ref", "refs/notes/commits", "main")
	w.git("push", "-q", s.url, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*", "refs/notes/*:refs/notes/*")
	w.git("clone", "-q", "--mirror", w.dir, s.home+"/bare.git")
	return &twins{s, s.in("bare.git")}
}

// point sets the default branch of both.
func (d *twins) point(head string) {
	d.t.Helper()
	err := d.store.Update(d.t.Context(), func(tx store.Tx) error {
		row, err := tx.RepositoryByID(demoID)
		if err != nil {
			return err
		}
		row.Head = head
		return tx.UpdateRepository(row)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.bare.git("symbolic-ref", "HEAD", head)
}

// hide gives both a ref that is not shown.
func (d *twins) hide(name string) {
	d.t.Helper()
	id := d.bare.git("rev-parse", "refs/heads/main")
	err := d.store.Update(d.t.Context(), func(tx store.Tx) error {
		row, err := tx.RepositoryByID(demoID)
		if err != nil {
			return err
		}
		row.Version++
		ref := store.Ref{Name: name, OID: id}
		if err := tx.AppendRefLog(demoID, []store.RefChange{{Version: row.Version, Ref: name, New: id, Push: "hide"}}); err != nil {
			return err
		}
		if err := tx.PutRefs(demoID, []store.Ref{ref}); err != nil {
			return err
		}
		return tx.UpdateRepository(row)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.bare.git("update-ref", name, id)
	d.bare.git("config", "transfer.hideRefs", "refs/sojourn")
}

// theirs is what git's program answers; version as in Git-Protocol.
func (d *twins) theirs(program string, version int, input []byte, args ...string) (string, error) {
	cmd := d.bare.command(append([]string{program, "--stateless-rpc"}, append(args, d.bare.dir)...)...)
	cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_PROTOCOL=version=%d", version))
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	return string(out), err
}

// withoutCapabilities drops what a program can do from the first ref's line:
// that is ours to say. The line's length goes with it.
func withoutCapabilities(t testing.TB, advert string) (out []string) {
	t.Helper()
	for packets := pktline.NewReader(strings.NewReader(advert)); ; {
		kind, line, err := packets.Next()
		if err != nil {
			if len(out) == 0 {
				t.Fatalf("no advertisement: %v\n%.200q", err, advert)
			}
			return out
		}
		ref, _, _ := strings.Cut(string(line), "\x00")
		out = append(out, fmt.Sprint(kind)+" "+strings.TrimSuffix(ref, "\n"))
	}
}

// Adverts and ls-refs are git's own, byte for byte, but for the capabilities.
func TestRefsAsGitShowsThem(t *testing.T) {
	d := newTwins(t)
	d.hide("refs/sojourn/keep/1")
	for _, head := range []string{"refs/heads/main", "refs/heads/absent", "refs/heads/release/1.0"} {
		d.point(head)
		d.compareAdverts()
		random := rand.New(rand.NewPCG(1, 2))
		for range 40 {
			d.compareLsRefs(arguments(random.IntN))
		}
	}
}

func (d *twins) advert(service string, version int) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+"/info/refs?service=git-"+service, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Git-Protocol", fmt.Sprintf("version=%d", version))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (d *twins) compareAdverts() {
	d.t.Helper()
	for _, service := range []string{"upload-pack", "receive-pack"} {
		for version := range 2 {
			status, ours := d.advert(service, version)
			theirs, err := d.theirs(service, version, nil, "--advertise-refs")
			if err != nil || status != http.StatusOK {
				d.t.Fatalf("%s, version %d: status %d, git: %v", service, version, status, err)
			}
			begin := fmt.Sprintf("%04x# service=git-%s\n0000", len(service)+4+len("# service=git-\n"), service)
			ours, ok := strings.CutPrefix(ours, begin)
			if a, b := withoutCapabilities(d.t, ours), withoutCapabilities(d.t, theirs); !ok || strings.Join(a, "\n") != strings.Join(b, "\n") {
				d.t.Errorf("%s, version %d: ours\n%s\ngit's\n%s", service, version, strings.Join(a, "\n"), strings.Join(b, "\n"))
			}
		}
	}
}

// arguments makes some for ls-refs, of what choose(n) < n chooses.
func arguments(choose func(n int) int) (lines []string) {
	prefixes := []string{"", "H", "HEAD", "HEADx", "r", "refs/", "refs/heads/", "refs/heads/a", "refs/heads/ab", "refs/heads/ab/c", "refs/heads/release/1",
		"refs/tags/", "refs/tags/v1", "refs/notes", "refs/sojourn/", "refs/sojourn/keep/1", "refs/heads/\xc3", "refs/heads/main", "refs/heads/nothing", "z", "@"}
	for range choose(9) {
		switch choose(4) {
		case 0:
			lines = append(lines, []string{"peel", "symrefs", "unborn"}[choose(3)])
		default:
			lines = append(lines, "ref-prefix "+prefixes[choose(len(prefixes))])
		}
	}
	return lines
}

func lsRefsRequest(lines []string, end string) []byte {
	b := pktline.Append(nil, "command=ls-refs"+end)
	b = pktline.Append(b, "object-format=sha1"+end)
	b = append(b, pktline.DelimPacket...)
	for _, l := range lines {
		b = pktline.Append(b, l, end)
	}
	return append(b, pktline.FlushPacket...)
}

func (d *twins) compareLsRefs(lines []string) {
	d.t.Helper()
	for _, end := range []string{"\n", ""} {
		request := lsRefsRequest(lines, end)
		theirs, err := d.theirs("upload-pack", 2, request)
		if err != nil {
			d.t.Fatalf("git upload-pack with %q: %v", lines, err)
		}
		status, ours := d.request("git-upload-pack", bytes.NewReader(request), "Git-Protocol", "version=2")
		if status != http.StatusOK || ours != theirs {
			d.t.Errorf("ls-refs with %q: status %d, ours\n%s\ngit's\n%s", lines, status, ours, theirs)
		}
	}
}

// FuzzLsRefsBesideGit: what git understands we understand, with the same answer,
// and where git refuses we do too.
func FuzzLsRefsBesideGit(f *testing.F) {
	d := newTwins(f)
	d.point("refs/heads/main")
	f.Add("peel\nsymrefs\nunborn\nref-prefix refs/heads/\nref-prefix refs/tags/\nref-prefix HEAD")
	f.Add("ref-prefix refs/heads/ab\nref-prefix refs/heads/ab/c\nref-prefix ")
	f.Add("unborn\nref-prefix HEAD\nsymref")
	f.Add("ref-prefix\npeel ")
	f.Fuzz(func(t *testing.T, text string) {
		d.t = t
		lines := strings.Split(text, "\n")
		for _, l := range lines {
			if len(l) > 1000 || strings.ContainsAny(l, "\x00\n") {
				return
			}
		}
		request := lsRefsRequest(lines, "\n")
		theirs, err := d.theirs("upload-pack", 2, request)
		status, ours := d.request("git-upload-pack", bytes.NewReader(request), "Git-Protocol", "version=2")
		refused := status != http.StatusOK || len(ours) > 8 && ours[4:8] == "ERR "
		if refused != (err != nil) || !refused && ours != theirs {
			t.Fatalf("ls-refs with %q: status %d, ours %q, git's %q (%v)", lines, status, ours, theirs, err)
		}
	})
}
