package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sojourn/internal/sojourntest"
)

// lfsStore is an LFS server of somebody else: the batch API and a place for bytes.
func lfsStore(t *testing.T) *httptest.Server {
	var objects sync.Map
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut:
			body, _ := io.ReadAll(r.Body)
			objects.Store(r.URL.Path, body)
		case r.Method == http.MethodGet:
			if body, ok := objects.Load(r.URL.Path); ok {
				w.Write(body.([]byte))
			}
		case strings.HasSuffix(r.URL.Path, "/objects/batch"):
			var in struct {
				Operation string
				Objects   []struct {
					OID  string
					Size int
				}
			}
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
			var list []string
			for _, o := range in.Objects {
				list = append(list, fmt.Sprintf(`{"oid":%q,"size":%d,"actions":{%q:{"href":"%s/bytes/%s"}}}`, o.OID, o.Size, in.Operation, s.URL, o.OID))
			}
			fmt.Fprintf(w, `{"transfer":"basic","objects":[%s]}`, strings.Join(list, ","))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestLFS is a user's repository with git-lfs: our server stores no LFS objects,
// and with lfs.url pointing elsewhere everything works.
func TestLFS(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	sh := page(t, s)
	sh.Run("git", "lfs", "install", "--skip-repo")
	work := commit(t, sh, "work")
	work.Run("git", "lfs", "install", "--local")
	work.Run("git", "lfs", "track", "*.bin")
	write(t, work, "big.bin", strings.Repeat("bytes", 1000))
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "Add a large file")
	const remote = "codecommit://CodeAccess@MyDemoRepo"
	work.Run("git", "remote", "add", "origin", remote)
	// git-lfs takes codecommit:// for ssh to a host of that name; git itself is right.
	work.Fail("git", "push", "origin", "main")
	// What it is told where it does ask our server.
	work.Run("git", "config", "lfs.url", s.URL+"/v1/repos/MyDemoRepo/info/lfs")
	work.Run("git", "config", "http.sslCAInfo", s.CA())
	if got := work.Fail("git", "push", "origin", "main"); !strings.Contains(got, "This server does not store Git LFS objects. Commit the files themselves, or name another LFS server: git config -f .lfsconfig lfs.url") {
		t.Errorf("git-lfs says %q", got)
	}
	work.Run("git", "config", "--unset", "lfs.url")

	elsewhere := lfsStore(t)
	work.Run("git", "config", "-f", ".lfsconfig", "lfs.url", elsewhere.URL)
	work.Run("git", "add", ".lfsconfig")
	work.Run("git", "commit", "-q", "-m", "Say where large files are")
	work.Run("git", "push", "-q", "origin", "main")
	sh.Run("git", "clone", "-q", remote, "clone")
	if got, err := os.ReadFile(filepath.Join(sh.In("clone").Dir, "big.bin")); err != nil || len(got) != 5000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got := sh.In("clone").Run("git", "show", "main:big.bin"); !strings.Contains(got, "git-lfs.github.com/spec") {
		t.Errorf("in the repository is %s", got)
	}
}
