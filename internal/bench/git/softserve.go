package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // Soft Serve's settings are in a database of its own
)

const softServe = "soft-serve"

// startSoft runs Soft Serve with what a Git server over HTTP needs and no more.
// Whoever comes may do everything, so that it has no password to check.
func startSoft(program, dir string) (*peer, error) {
	address, err := freePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := exec.Command(program, "serve")
	c.Stdout, c.Stderr = log, log
	c.Env = append(os.Environ(), "SOFT_SERVE_DATA_PATH="+data, "SOFT_SERVE_HTTP_LISTEN_ADDR="+address, "SOFT_SERVE_HTTP_PUBLIC_URL=http://"+address,
		"SOFT_SERVE_SSH_ENABLED=false", "SOFT_SERVE_GIT_ENABLED=false", "SOFT_SERVE_STATS_ENABLED=false", "SOFT_SERVE_LFS_ENABLED=false")
	p := &peer{name: softServe, url: &url.URL{Scheme: "http", Host: address}, path: dotGit, again: func() (*peer, error) { return startSoft(program, dir+"-idle") }}
	start := time.Now()
	if err := p.launch(c); err != nil {
		return p, fmt.Errorf("soft serve: %w", err)
	}
	if p.ready, err = until(address, start); err != nil {
		return p, err
	}
	return p, openToAll(filepath.Join(data, "soft-serve.db"))
}

func openToAll(database string) error {
	db, err := sql.Open("sqlite", database)
	if err != nil {
		return err
	}
	_, err = db.Exec("UPDATE settings SET value = 'admin-access' WHERE key = 'anon_access'")
	return errors.Join(err, db.Close())
}

// fillSoft gives Soft Serve the repositories: a push of one branch makes each,
// and git puts the rest beside it, for a push of a thousand refs never ends (its
// hook does not read them). Two are maintained, which it does not do by itself.
func (b *bench) fillSoft(p *peer, dir string) error {
	for _, name := range b.needed {
		if name == fresh {
			continue
		}
		say("%s: filling %s", p.name, name)
		from, to := b.sources.path(name), filepath.Join(dir, "data", "repos", name+".git")
		err := git("-C", from, "push", "-q", p.remote(name), "refs/heads/main")
		if err == nil {
			err = git("-C", to, "-c", "fetch.unpackLimit=1", "fetch", "-q", from, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
		}
		if err == nil && (name == kept || name == mid) {
			err = maintain(to)
		}
		if err == nil {
			err = git("-C", to, "pack-refs", "--all")
		}
		if err != nil {
			return err
		}
	}
	return p.settle()
}
