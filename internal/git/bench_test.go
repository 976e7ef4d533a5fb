package git_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// BenchmarkPush is the server's time for a push of one small commit, durable.
func BenchmarkPush(b *testing.B) {
	s := start(b)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	old := w.git("rev-parse", "main")
	bodies := make([]string, b.N)
	for i := range bodies {
		id := w.commit("file", fmt.Sprint(i))
		bodies[i] = commands("", old+" "+id+" refs/heads/main") + w.pack("main", "^"+old)
		old = id
	}
	b.ResetTimer()
	for _, body := range bodies {
		if status, answer := s.request("git-receive-pack", strings.NewReader(body)); status != 200 || !strings.Contains(answer, "ok refs/heads/main") {
			b.Fatalf("%d %q", status, answer)
		}
	}
}

// manyRefs is a server whose repository has n branches.
func manyRefs(b *testing.B, n int) *server {
	s := start(b)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	id := w.git("rev-parse", "main")
	for from := 0; from < n; from += 4000 {
		var lines []string
		for i := from; i < min(from+4000, n); i++ {
			lines = append(lines, fmt.Sprintf("%s %s refs/heads/topic/%06d", zero, id, i))
		}
		if answer := s.push(commands("", lines...), emptyPack); strings.Contains(answer, "ng ") {
			b.Fatal(answer[:200])
		}
	}
	return s
}

func BenchmarkInfoRefs(b *testing.B) {
	for _, n := range []int{5, 1000, 20000} {
		for _, version := range []string{"0", "2"} {
			b.Run(fmt.Sprintf("refs=%d/version=%s", n, version), func(b *testing.B) {
				s := manyRefs(b, n)
				for b.Loop() {
					r, _ := http.NewRequest(http.MethodGet, s.url+"/info/refs?service=git-upload-pack", nil)
					r.Header.Set("Git-Protocol", "version="+version)
					res, err := http.DefaultClient.Do(r)
					if err != nil {
						b.Fatal(err)
					}
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			})
		}
	}
}

func BenchmarkLsRefs(b *testing.B) {
	var request []byte
	for _, l := range []string{"command=ls-refs\n", "agent=git/2.39.5", "object-format=sha1"} {
		request = pktline.Append(request, l)
	}
	request = append(request, pktline.DelimPacket...)
	for _, l := range []string{"peel\n", "symrefs\n", "unborn\n", "ref-prefix refs/heads/\n", "ref-prefix refs/tags/\n", "ref-prefix HEAD\n"} {
		request = pktline.Append(request, l)
	}
	request = append(request, pktline.FlushPacket...)
	for _, n := range []int{5, 1000} {
		b.Run(fmt.Sprintf("refs=%d", n), func(b *testing.B) {
			s := manyRefs(b, n)
			for b.Loop() {
				if status, _ := s.request("git-upload-pack", strings.NewReader(string(request)), "Git-Protocol", "version=2"); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
}

// BenchmarkFetch is a clone of a small repository as far as the server is concerned.
func BenchmarkFetch(b *testing.B) {
	s := start(b)
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	request := pktline.Append(nil, "command=fetch")
	request = append(request, pktline.DelimPacket...)
	request = pktline.Append(request, "want "+w.git("rev-parse", "main")+"\n")
	request = append(pktline.Append(request, "done\n"), pktline.FlushPacket...)
	for b.Loop() {
		if status, answer := s.request("git-upload-pack", strings.NewReader(string(request)), "Git-Protocol", "version=2"); status != 200 || !strings.Contains(answer, "PACK") {
			b.Fatalf("%d %q", status, answer)
		}
	}
}

// BenchmarkFlat is what a request costs inside the server, by how many other
// repositories there are, and how many other refs.
func BenchmarkFlat(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprintf("advert/repositories=%d", n), func(b *testing.B) {
			s := manyRefs(b, 5)
			others(b, s, n)
			send(b, s, func() error {
				_, err := s.service.Advertise(b.Context(), caller, "demo", gitproto.UploadPack, 2)
				return err
			})
		})
	}
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("ls-refs/refs=%d", n), func(b *testing.B) {
			s := manyRefs(b, n)
			request := string(lsRefsRequest([]string{"peel", "symrefs", "ref-prefix refs/heads/main", "ref-prefix HEAD"}, "\n"))
			send(b, s, func() error {
				return s.service.UploadPack(b.Context(), caller, "demo", 2, strings.NewReader(request), io.Discard)
			})
		})
	}
}

var caller = &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: account}, Region: region}

func send(b *testing.B, s *server, request func() error) {
	b.Helper()
	s.gate.forget = true
	for b.Loop() {
		if err := request(); err != nil {
			b.Fatal(err)
		}
	}
}

// others puts n more repositories beside demo.
func others(b *testing.B, s *server, n int) {
	b.Helper()
	err := s.store.Update(b.Context(), func(tx store.Tx) error {
		for i := range n {
			name := fmt.Sprintf("other-%06d", i)
			if err := tx.InsertRepository(store.Repository{ID: name, Account: account, Region: region, Name: name, Version: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
