package clienttest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"sync"
	"time"

	"sojourn/internal/sigv4"
)

// Git serves bare repositories below a directory as /v1/repos/NAME over TLS,
// to whoever signs with one of Keys for Region.
type Git struct {
	*httptest.Server
	Keys   map[string]string // access key id → secret
	Region string
	Now    func() time.Time // signatures are good for a quarter of an hour

	// Before, if not nil, is called when a request has been let in and before it is answered.
	Before func(r *http.Request)

	mu     sync.Mutex
	status int
	seen   []string
}

// NewGit starts a server of the repositories below root; it is the caller's to close.
func NewGit(root, region string) (*Git, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, err
	}
	g := &Git{Keys: map[string]string{}, Region: region, Now: time.Now}
	backend := &cgi.Handler{Path: program, Args: []string{"http-backend"}, Root: "/v1/repos",
		Env:        []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0=true"},
		InheritEnv: []string{"PATH", "HOME"}}
	g.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status := g.admit(r); status {
		case http.StatusOK:
			if g.Before != nil {
				g.Before(r)
			}
			if r.ContentLength < 0 { // CGI knows no chunks
				body, err := io.ReadAll(r.Body)
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
			}
			backend.ServeHTTP(w, r)
		case http.StatusFound:
			http.Redirect(w, r, "https://elsewhere.invalid"+r.URL.Path, status)
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "the signature is not taken", status)
		}
	}))
	return g, nil
}

// Answer makes the server answer every request with status; 0 ends that.
func (g *Git) Answer(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status = status
}

// Revoke makes a key count no more.
func (g *Git) Revoke(accessKeyID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.Keys, accessKeyID)
}

// Seen are the Authorization headers that came in.
func (g *Git) Seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.seen...)
}

func (g *Git) admit(r *http.Request) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, r.Header.Values("Authorization")...)
	if g.status != 0 {
		return g.status
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return http.StatusUnauthorized
	}
	c, err := sigv4.ParseGit(user, password)
	if err != nil {
		return http.StatusForbidden
	}
	if age := g.Now().Sub(c.Time); age > 15*time.Minute || age < -15*time.Minute {
		return http.StatusForbidden
	}
	if g.Keys[c.AccessKeyID] == "" {
		return http.StatusForbidden
	}
	key := sigv4.DeriveKey(g.Keys[c.AccessKeyID], c.Time.Format("20060102"), g.Region, "codecommit")
	for _, suffix := range []string{"/info/refs", "/git-upload-pack", "/git-receive-pack"} {
		if path := r.URL.Path; len(path) > len(suffix) && path[len(path)-len(suffix):] == suffix && c.Verify(key, g.Region, r.Host, path[:len(path)-len(suffix)]) {
			return http.StatusOK
		}
	}
	return http.StatusForbidden
}
