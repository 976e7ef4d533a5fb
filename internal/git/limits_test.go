package git_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/git"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/store"
)

// noise is text that does not compress well.
func noise(bytes int) string {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, bytes)
	for len(b) < bytes {
		b = fmt.Appendf(b, "%016x\n", random.Uint64())
	}
	return string(b[:bytes])
}

// TestRefsOfAPush: 4,000 refs go in one push and no more; git shows why.
func TestRefsOfAPush(t *testing.T) {
	s := start(t)
	w := s.work("work")
	main := w.git("rev-parse", "main")
	var spec []string
	for i := range gitproto.MaxCommands {
		spec = append(spec, zero+" "+main+" refs/tags/"+fmt.Sprint(i))
	}
	if got := s.push(commands("", append(spec, zero+" "+main+" refs/heads/main")...), w.pack("main")); got != "ERR too many reference update commands: one push may change at most 4000 refs" {
		t.Errorf("one too many: %.200q", got)
	}
	s.noPacksBut(0)
	if got := s.push(commands("", spec...), w.pack("main")); strings.Count(got, "\nok ") != len(spec) {
		t.Errorf("%.200q", got)
	}
	var tags bytes.Buffer
	for i := range gitproto.MaxCommands + 1 {
		fmt.Fprintf(&tags, "create refs/heads/b%d %s\n", i, main)
	}
	w.feed(tags.String(), "update-ref", "--stdin")
	if out := w.fails("push", "origin", "refs/heads/b*"); !strings.Contains(out, "one push may change at most 4000 refs") {
		t.Errorf("git says:\n%.500s", out)
	}
}

// TestQuota: an account's repositories have so many bytes together. A push that
// would take more is cut off while it comes, and names the quota; what needs no
// room goes on.
func TestQuota(t *testing.T) {
	s := start(t, func(o *git.Options) { o.Quota = 1 << 20 })
	s.createRepository("other", "other-id")
	other := strings.Replace(s.url, "/demo", "/other", 1)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.commit("large", noise(3<<20))
	const want = "! [remote rejected] main -> main (the account's storage quota is used up: 0.0 MiB of 1.0 MiB are stored; delete repositories, or ask an administrator for more)"
	if out := w.fails("push", "origin", "main"); !strings.Contains(out, want) {
		t.Errorf("git says:\n%s", out)
	}
	s.noPacksBut(1)

	most := int64(0)
	watch := reading(func() { most = max(most, s.incomingBytes()) })
	body := io.MultiReader(strings.NewReader(commands("", w.git("rev-parse", "main~1")+" "+w.git("rev-parse", "main")+" refs/heads/main")+w.pack("main", "^main~1")), watch, io.LimitReader(zeros{}, 8<<20), watch)
	if status, got := s.request("git-receive-pack", body); status != 200 || !strings.Contains(got, "quota is used up") || most > 2<<20 {
		t.Errorf("%d %q; while it came, %d bytes were kept", status, got, most)
	}

	w.git("checkout", "-q", "-b", "some", "main~1")
	w.commit("half", noise(1 << 20)[:900<<10])
	w.git("push", "-q", other, "some") // counts for the account
	w.git("checkout", "-q", "-b", "more", "main~1")
	w.commit("half", noise(2 << 20)[1<<20:])
	if out := w.fails("push", "origin", "more"); !strings.Contains(out, "storage quota is used up: 0.") {
		t.Errorf("git says:\n%s", out)
	}
	w.git("push", "-q", "origin", "main~1:refs/heads/again") // no new object
	w.git("push", "-q", "origin", ":again")
	if left := files(t, s.dir+"/cache/incoming"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestQuotaOfTwo: of two pushes that each would fit, the one that is committed
// second is refused.
func TestQuotaOfTwo(t *testing.T) {
	var s *server
	var w clone
	armed := false
	s = start(t, func(o *git.Options) {
		o.Quota = 1 << 20
		o.Hook = func(at string) {
			if at == "before-commit" && armed {
				armed = false
				w.git("push", "-q", strings.Replace(s.url, "/demo", "/other", 1), "main~1:refs/heads/main")
			}
		}
	})
	s.createRepository("other", "other-id")
	w = s.work("work")
	w.commit("first", noise(2 << 20)[:900<<10])
	w.git("checkout", "-q", "--orphan", "alone")
	w.git("rm", "-q", "-rf", ".")
	w.commit("second", noise(2 << 20)[1<<20:][:900<<10])
	w.git("checkout", "-q", "main")
	w.commit("third", "3\n")
	armed = true
	if out := w.fails("push", "origin", "alone"); armed || !strings.Contains(out, "storage quota is used up") {
		t.Errorf("git says:\n%s", out)
	}
	if s.refs() != "" {
		t.Errorf("refs %s", s.refs())
	}
	s.noIntents()
}

// reading calls f and ends.
type reading func()

func (f reading) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func (s *server) incomingBytes() (n int64) {
	for _, f := range files(s.t, s.dir+"/cache/incoming") {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n
}

// TestMaxBlob: a file above the limit is refused by its id and size, though it
// takes next to nothing in the pack; one of just the limit is not.
func TestMaxBlob(t *testing.T) {
	s := start(t, func(o *git.Options) { o.MaxBlob = 1 << 20 })
	w := s.work("work")
	w.git("config", "core.bigFileThreshold", "100k") // as for files above 512 MiB: no deltas
	w.commit("zeros", strings.Repeat("\x00", 1<<20))
	w.git("push", "-q", "origin", "main")
	w.commit("zeros", strings.Repeat("\x00", 1<<20+1))
	blob := w.git("rev-parse", "main:zeros")
	if out := w.fails("push", "origin", "main"); !strings.Contains(out, "remote unpack failed: blob "+blob+" has 1048577 bytes; a file may have 1048576 (1.0 MiB) at the most") {
		t.Errorf("git says:\n%s", out)
	}
	s.noPacksBut(1)
	s.noIntents()
}

func (s *server) noIntents() {
	s.t.Helper()
	s.view(func(tx store.Tx) error {
		uploads, err := tx.Uploads(demoID)
		if len(uploads) > 0 {
			s.t.Errorf("intents are left: %v", uploads)
		}
		return err
	})
	if left := files(s.t, filepath.Join(s.dir, "cache", "incoming")); len(left) > 0 {
		s.t.Errorf("left: %q", left)
	}
}

// packOf writes a pack of objects as they are given, sound or not.
func packOf(entries ...string) string {
	b := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(entries)))
	b = append(b, strings.Join(entries, "")...)
	sum := sha1.Sum(b)
	return string(append(b, sum[:]...))
}

// packed is an object in a pack: kind 1 commit, 2 tree, 3 blob, 4 tag, 6 and 7
// deltas, whose base comes before the data. Size is what is declared.
func packed(kind byte, size uint64, base string, data io.Reader) string {
	first := kind<<4 | byte(size&15)
	var b []byte
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, first|0x80)
		first = byte(size & 0x7f)
	}
	out := bytes.NewBuffer(append(append(b, first), base...))
	z := zlib.NewWriter(out)
	io.Copy(z, data)
	z.Close()
	return out.String()
}
