package githttp_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"sojourn/internal/server/event"
	"sojourn/internal/server/githttp"
)

// TestLFS: Git LFS is refused in its own form, before anything is asked of anyone.
func TestLFS(t *testing.T) {
	for _, path := range []string{"demo/info/lfs/objects/batch", "demo.git/info/lfs/objects/batch", "demo/info/lfs/locks"} {
		w := &world{}
		door := githttp.New(githttp.Options{Auth: w, Git: w})
		r := httptest.NewRequest("POST", githttp.Prefix+path, strings.NewReader(`{"operation":"download"}`))
		got := httptest.NewRecorder()
		door.ServeHTTP(got, r.WithContext(event.With(r.Context(), &event.Event{})))
		var said struct{ Message string }
		err := json.Unmarshal(got.Body.Bytes(), &said)
		if err != nil || got.Code != 501 || got.Header().Get("Content-Type") != "application/vnd.git-lfs+json" || !strings.Contains(said.Message, "lfs.url") || len(w.asked) > 0 {
			t.Errorf("%s: %d %v %q %v", path, got.Code, got.Header(), got.Body, w.asked)
		}
	}
}
