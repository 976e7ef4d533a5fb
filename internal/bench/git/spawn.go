package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const spawnCommand = "serve-spawn"

// serveSpawn is a bare server in Go: it starts git for each request and does
// nothing else, but for one comparison of a password.
func serveSpawn(dir string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != benchUser || password != benchPassword {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		if err := spawn(w, r, dir); err != nil {
			fmt.Fprintf(os.Stderr, "spawn: %s: %v\n", r.URL, err)
		}
	}))
}

func spawn(w http.ResponseWriter, r *http.Request, dir string) error {
	repository, verb, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	service, args := verb, []string{"--stateless-rpc"}
	kind := "result"
	if verb == "info/refs" {
		service, kind = r.URL.Query().Get("service"), "advertisement"
		args = append(args, "--advertise-refs")
	}
	service, ok := strings.CutPrefix(service, "git-")
	if !ok || service != "upload-pack" && service != "receive-pack" {
		http.NotFound(w, r)
		return nil
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	w.Header().Set("Content-Type", "application/x-git-"+service+"-"+kind)
	protocol := r.Header.Get("Git-Protocol")
	if kind == "advertisement" && !(service == "upload-pack" && strings.Contains(protocol, "version=2")) {
		head := "# service=git-" + service + "\n"
		fmt.Fprintf(w, "%04x%s0000", len(head)+4, head)
	}
	git := exec.CommandContext(r.Context(), "git", append(append([]string{service}, args...), filepath.Join(dir, repository))...)
	git.Env = append(os.Environ(), "GIT_PROTOCOL="+protocol)
	git.Stdin, git.Stdout, git.Stderr = body, w, os.Stderr
	return git.Run()
}

// The password of peers that have one for all.
const (
	benchUser     = "bench"
	benchPassword = "a-password-for-the-benchmark"
)

func onePassword(string) string { return benchUser + ":" + benchPassword }

func startSpawn(dir string) (*peer, error) {
	c, err := self(spawnCommand, dir)
	if err != nil {
		return nil, err
	}
	p := &peer{name: "spawn", path: dotGit, password: onePassword, again: func() (*peer, error) { return startSpawn(dir) }}
	return p, p.listening(c)
}
