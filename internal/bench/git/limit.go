package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sojourn/internal/pktline"
)

const limitCommand = "serve-canned"

// canned is what the limit answers for a repository, whoever asks and whatever
// for: the refs as git has them, and the pack as it lies on the disk.
type canned struct {
	advert [3][]byte // by version
	refs   []byte    // of ls-refs
	pack   string
}

// readCanned asks git for the answers.
func readCanned(repository string) (*canned, error) {
	c := &canned{}
	for version := range c.advert {
		git := exec.Command("git", "upload-pack", "--stateless-rpc", "--advertise-refs", repository)
		git.Env = append(os.Environ(), fmt.Sprintf("GIT_PROTOCOL=version=%d", version))
		out, err := git.Output()
		if err != nil {
			return nil, err
		}
		if version < 2 {
			out = append([]byte("001e# service=git-upload-pack\n0000"), out...)
		}
		c.advert[version] = out
	}
	git := exec.Command("git", "upload-pack", "--stateless-rpc", repository)
	git.Env, git.Stdin = append(os.Environ(), "GIT_PROTOCOL=version=2"), bytes.NewReader(lsRefs())
	var err error
	if c.refs, err = git.Output(); err != nil {
		return nil, err
	}
	packs, err := filepath.Glob(filepath.Join(repository, "objects/pack/*.pack"))
	if len(packs) == 1 {
		c.pack = packs[0]
	}
	return c, err
}

// serveCanned is the least that a server in Go can do with net/http.
func serveCanned(dir string) error {
	repositories := map[string]*canned{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.git"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if repositories["/"+filepath.Base(path)], err = readCanned(path); err != nil {
			return fmt.Errorf("asking git about %s: %w", path, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, verb, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		c := repositories["/"+name]
		if c == nil {
			http.NotFound(w, r)
			return
		}
		if err := c.serve(w, r, verb); err != nil {
			fmt.Fprintf(os.Stderr, "canned: %v\n", err)
		}
	}))
}

func (c *canned) serve(w http.ResponseWriter, r *http.Request, verb string) error {
	if verb == "info/refs" {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		version := 0
		if strings.Contains(r.Header.Get("Git-Protocol"), "version=2") {
			version = 2
		}
		_, err := w.Write(c.advert[version])
		return err
	}
	w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if bytes.Contains(body, []byte("command=ls-refs")) {
		_, err := w.Write(c.refs)
		return err
	}
	return c.sendPack(w)
}

// sendPack writes the stored pack in frames of the side-band.
func (c *canned) sendPack(w io.Writer) error {
	f, err := os.Open(c.pack)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Write(pktline.Append(nil, "packfile\n"))
	const header = pktline.HeaderLen + 1
	frame := make([]byte, pktline.MaxLine)
	for {
		n, err := io.ReadFull(f, frame[header:])
		if n > 0 {
			copy(frame, fmt.Sprintf("%04x\x01", n+header))
			if _, err := w.Write(frame[:n+header]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			_, err = io.WriteString(w, pktline.FlushPacket)
			return err
		case err != nil:
			return err
		}
	}
}

func startLimit(dir string) (*peer, error) {
	c, err := self(limitCommand, dir)
	if err != nil {
		return nil, err
	}
	p := &peer{name: "limit", path: dotGit, limit: true, again: func() (*peer, error) {
		return startLimit(filepath.Join(dir, "none")) // no answers to be made
	}}
	return p, p.listening(c)
}
