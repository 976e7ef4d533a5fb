package githttp

import (
	"io"
	"net/http"
	"strings"

	"sojourn/internal/server/event"
)

// refusal is an error of Git LFS's batch API, as its clients show it.
const refusal = `{"message":"This server does not store Git LFS objects. Commit the files themselves, or name another LFS server: git config -f .lfsconfig lfs.url https://…"}` + "\n"

// isLFS reports whether a path is one of Git LFS's API, which clients put behind
// the repository's name with or without ".git".
func isLFS(path string) bool { return strings.Contains(path, "/info/lfs/") }

// refuseLFS says what to do instead, without asking who it is: the answer is the
// same for every repository, there or not.
func refuseLFS(w http.ResponseWriter, r *http.Request, ev *event.Event) {
	ev.Error = "LFSNotSupported"
	if r.Body != http.NoBody {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
	w.WriteHeader(http.StatusNotImplemented)
	io.WriteString(w, refusal)
}
