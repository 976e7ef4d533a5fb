package git_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/pktline"
)

// raw writes an object as it is, sound or not.
func (c clone) raw(kind, content string) string {
	c.s.t.Helper()
	return c.feed(content, "hash-object", "-t", kind, "-w", "--stdin", "--literally")
}

// entry is one entry of a tree object.
func entry(mode, name, oid string) string {
	id, _ := hex.DecodeString(oid)
	return mode + " " + name + "\x00" + string(id)
}

func commitText(tree, author string, more ...string) string {
	return "tree " + tree + "\n" + strings.Join(more, "") + "author " + author + "\ncommitter A <a@example.com> 1700000000 +0000\n\nmessage\n"
}

// TestBadObjects: what git fsck calls an error does not come in; what old tools
// wrote into histories that people have does.
func TestBadObjects(t *testing.T) {
	s := start(t)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	blob, tree, main := w.git("rev-parse", "main:README"), w.git("rev-parse", "main^{tree}"), w.git("rev-parse", "main")
	const author = "A <a@example.com> 1700000000 +0000"
	inTree := func(entries string) string { return w.raw("commit", commitText(w.raw("tree", entries), author)) }
	modules := w.raw("blob", "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=evil\n")
	for _, c := range []struct{ name, id, want string }{
		{"dot git", inTree(entry("100644", ".git", blob)), "hasDotgit"},
		{"dot git of Windows", inTree(entry("100644", "git~1", blob)), "hasDotgit"},
		{"dot dot", inTree(entry("100644", "..", blob)), "hasDotdot"},
		{"slash", inTree(entry("100644", "a/b", blob)), "fullPathname"},
		{"twice", inTree(entry("100644", "a", blob) + entry("100644", "a", blob)), "duplicateEntries"},
		{"order", inTree(entry("100644", "b", blob) + entry("100644", "a", blob)), "treeNotSorted"},
		{"submodule URL", inTree(entry("100644", ".gitmodules", modules)), "gitmodulesUrl"},
		{"no author", w.raw("commit", "tree "+tree+"\ncommitter "+author+"\n\nm\n"), "missingAuthor"},
		{"two authors", w.raw("commit", commitText(tree, author+"\nauthor "+author)), "multipleAuthors"},
		{"author's name with a bracket", w.raw("commit", commitText(tree, "A> <a@example.com> 1700000000 +0000")), "badName"},
		{"NUL in a header", w.raw("commit", "tree "+tree+"\nauthor A\x00 <a@b> 1 +0000\ncommitter "+author+"\n\nm\n"), "nulInHeader"},
		{"tree instead of a commit", w.raw("commit", commitText(blob, author)), ""},
		{"parent that is a blob", w.raw("commit", commitText(tree, author, "parent "+blob+"\n")), ""},

		{"time zone", w.raw("commit", commitText(tree, "A <a@example.com> 1700000000 +051800")), "ok"},
		{"no space before the date", w.raw("commit", commitText(tree, "A <a@example.com>1700000000 +0000")), "ok"},
		{"zero-padded mode", inTree(entry("0100644", "a", blob)), "ok"},
	} {
		pack := w.feed(c.id, "pack-objects", "--stdout", "-q")
		if !strings.Contains(c.name, "instead") && !strings.Contains(c.name, "parent") {
			pack = w.pack(c.id, "^"+main)
		}
		got := s.push(commands("", zero+" "+c.id+" refs/heads/"+strings.ReplaceAll(c.name, " ", "-")), pack)
		switch {
		case c.want == "ok":
			if !strings.HasPrefix(got, "unpack ok\nok ") {
				t.Errorf("%s: %q", c.name, got)
			}
		case !strings.Contains(got, c.want) || !strings.HasSuffix(got, "unpacker error") || strings.Contains(got, s.dir):
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if refs := strings.Count(s.refs(), "refs/heads/"); refs != 4 {
		t.Errorf("the server has %d branches:\n%s", refs, s.refs())
	}
}

// TestForeignObjects: a pack may lean on this repository's objects only.
func TestForeignObjects(t *testing.T) {
	s := start(t)
	w := s.work("work")
	for i := range 3 {
		w.commit("file", strings.Repeat("line of text\n", 1000)+fmt.Sprint(i))
	}
	w.git("push", "-q", "origin", "main")
	s.createRepository("other", "other-id")
	other := s.with(t)
	other.url = strings.Replace(s.url, "/demo", "/other", 1)
	main := w.git("rev-parse", "main")
	for name, pack := range map[string]string{"thin": w.pack("main", "^main~1"), "nothing": emptyPack} {
		got := other.push(commands("", zero+" "+main+" refs/heads/main"), pack)
		if strings.Contains(got, "ok refs") || other.refs() != "" {
			t.Errorf("%s: %q, refs %q", name, got, other.refs())
		}
	}
	if out := other.user().fails("fetch-pack", other.url, main); strings.Contains(out, main) && !strings.Contains(out, "fatal") {
		t.Errorf("git says:\n%s", out)
	}
	// Asked for by its id, an object of another repository is not there.
	var request []byte
	request = append(pktline.Append(request, "command=fetch"), pktline.DelimPacket...)
	request = append(pktline.Append(pktline.Append(request, "want "+main+"\n"), "done\n"), pktline.FlushPacket...)
	if status, body := other.request("git-upload-pack", bytes.NewReader(request), "Git-Protocol", "version=2"); status != http.StatusOK || !strings.Contains(body, "not our ref "+main) {
		t.Errorf("%d %q", status, body)
	}
}

// TestReplacedObjects: refs/replace/ is content. It changes nothing in what is
// checked, served or answered.
func TestReplacedObjects(t *testing.T) {
	s := start(t)
	w := s.work("work")
	first := w.git("rev-parse", "HEAD")
	second := w.commit("two", "2\n")
	w.git("push", "-q", "origin", "main", first+":refs/replace/"+second)
	s.user().git("clone", "-q", s.url, "clone")
	s.same(w, s.in("clone"), "main")
	third := w.commit("three", "3\n")
	w.git("push", "-q", "origin", "main")
	if kind, err := s.engine.ObjectType(t.Context(), demoID, third); kind != "commit" || err != nil {
		t.Errorf("%q %v", kind, err)
	}
}

// TestKeepAlive: a client that waits while its push is checked hears of us.
func TestKeepAlive(t *testing.T) {
	heard := make(chan bool)
	s := start(t, func(o *git.Options) {
		o.KeepAlive = 20 * time.Millisecond
		o.Hook = func(at string) {
			if at == "after-index-pack" {
				select {
				case <-heard:
				case <-time.After(30 * time.Second):
				}
			}
		}
	})
	w := s.work("work")
	request := commands("side-band-64k", zero+" "+w.git("rev-parse", "main")+" refs/heads/main") + w.pack("main")
	res, err := http.Post(s.url+"/git-receive-pack", "application/x-git-receive-pack-request", strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	alive := make([]byte, 3*len("0005\x01"))
	if _, err := io.ReadFull(res.Body, alive); err != nil || string(alive) != strings.Repeat("0005\x01", 3) {
		t.Errorf("while the push is checked %q comes, %v", alive, err)
	}
	close(heard)
	if body, err := io.ReadAll(res.Body); err != nil || !strings.HasSuffix(string(body), "0000") || !strings.Contains(string(body), "unpack ok") {
		t.Errorf("the answer is %q, %v", body, err)
	}
	w.commit("two", "2\n")
	w.git("push", "-q", "origin", "main")
}

// TestManyClones: more clones at a time than git processes may run; all succeed.
func TestManyClones(t *testing.T) {
	s := start(t, func(o *git.Options) { o.Processes = 2 })
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	errs := make(chan string, 20)
	for i := range cap(errs) {
		go func() {
			out, err := s.user().command("clone", "-q", s.url, fmt.Sprint("clone", i)).CombinedOutput()
			if err != nil {
				errs <- fmt.Sprintf("%v %s", err, out)
				return
			}
			errs <- ""
		}()
	}
	for range cap(errs) {
		if e := <-errs; e != "" {
			t.Error(e)
		}
	}
}
