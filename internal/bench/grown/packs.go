package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/objects/s3"
	"sojourn/internal/objects/s3/s3test"
)

// pack is one commit on another, as a push brings it.
type pack struct {
	parent, tip string
	data        []byte
}

var noParent = strings.Repeat("0", 40)

// makePacks makes a history, the first of which has a hundred files.
func makePacks(dir string, n int) (packs []pack, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := git(dir, "", "init", "-q", "-b", "main"); err != nil {
		return nil, err
	}
	parent := noParent
	for i := range n {
		files := 1
		if i == 0 {
			files = 100
		}
		for f := range files {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("file", f)), fmt.Appendf(nil, "%d %s\n", i, strings.Repeat(fmt.Sprint(f), 4000)), 0o600); err != nil {
				return nil, err
			}
		}
		p, err := commitPack(dir, parent)
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
		parent = p.tip
	}
	return packs, nil
}

// commitPack commits what is in a directory and packs what is new.
func commitPack(dir, parent string) (p pack, err error) {
	p.parent = parent
	if _, err = git(dir, "", "add", "."); err != nil {
		return p, err
	}
	if _, err = git(dir, "", "-c", "user.name=b", "-c", "user.email=b@example.com", "commit", "-q", "-m", "m"); err != nil {
		return p, err
	}
	tip, err := git(dir, "", "rev-parse", "HEAD")
	if err != nil {
		return p, err
	}
	p.tip = strings.TrimSpace(string(tip))
	revs := p.tip + "\n"
	if parent != noParent {
		revs += "^" + parent + "\n"
	}
	p.data, err = git(dir, revs, "-c", "pack.compression=0", "pack-objects", "-q", "--revs", "--stdout")
	return p, err
}

func git(dir, input string, args ...string) ([]byte, error) {
	c := exec.Command("git", args...)
	c.Dir, c.Stdin = dir, strings.NewReader(input)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("git %v: %w\n%s", args, err, said.String())
	}
	return out, err
}

// cold compares what a node that has nothing takes, from its start, until it has
// answered a fetch that looks into the packs, with what the fetch takes then, and
// the difference with a copy of the large pack from S3 to the same disk.
func cold(dir string, w *world, mib int) error {
	p, next, err := largePacks(filepath.Join(dir, "large"), mib)
	if err != nil {
		return err
	}
	if err := w.create("large"); err != nil {
		return err
	}
	remote, err := w.remote(0, "large")
	if err != nil {
		return err
	}
	if err := errors.Join(pushTo(w.http, remote, p), pushTo(w.http, remote, next)); err != nil {
		return err
	}
	var ratios, copies []time.Duration
	for try := range 5 {
		if err := clean(); err != nil {
			return err
		}
		copied, err := copyPack(w, filepath.Join(dir, fmt.Sprint("copy", try)), int64(len(p.data)))
		if err != nil {
			return err
		}
		if err := clean(); err != nil {
			return err
		}
		starting, err := timed(func() error { _, err := w.start(); return err })
		if err != nil {
			return err
		}
		if remote, err = w.remote(len(w.nodes)-1, "large"); err != nil {
			return err
		}
		update := func() error { return fetch(w.http, remote, next.tip, p.tip) }
		first, err := timed(update)
		if err != nil {
			return err
		}
		second, err := timed(update)
		if err != nil {
			return err
		}
		clone, err := timed(func() error { return fetch(w.http, remote, next.tip, "") })
		if err != nil {
			return err
		}
		copies = append(copies, copied)
		ratios = append(ratios, time.Duration(float64(starting+first-second)/float64(copied)*1000))
		fmt.Printf("%d MiB, cold: start %s, first fetch %s, second %s, a clone %s; a copy of the pack from S3 %s\n",
			mib, round(starting), round(first), round(second), round(clone), round(copied))
	}
	same := func(d time.Duration) time.Duration { return d }
	fmt.Printf("cold start: %.2f× of the copy (%s)\n", float64(median(ratios, same))/1000, round(median(copies, same)))
	return nil
}

// clean has what is next not wait for the disk, which writes what was before.
func clean() error { return exec.Command("sync").Run() }

// largePacks are a commit of so many MiB and a small one on it.
func largePacks(dir string, mib int) (large, next pack, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return large, next, err
	}
	if _, err := git(dir, "", "init", "-q", "-b", "main"); err != nil {
		return large, next, err
	}
	for i := range mib {
		b := make([]byte, 1<<20)
		rand.Read(b)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), b, 0o600); err != nil {
			return large, next, err
		}
	}
	if large, err = commitPack(dir, noParent); err != nil {
		return large, next, err
	}
	if err := os.WriteFile(filepath.Join(dir, "small"), []byte("small\n"), 0o600); err != nil {
		return large, next, err
	}
	next, err = commitPack(dir, large.tip)
	return large, next, err
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func timed(f func() error) (time.Duration, error) {
	begin := time.Now()
	err := f()
	return time.Since(begin), err
}

// copyPack fetches the blob of a size as a node does: checked, in a file.
func copyPack(w *world, to string, atLeast int64) (time.Duration, error) {
	ctx := context.Background()
	address := strings.TrimPrefix(w.env[1], "SOJOURN_OBJECTS=")
	blobs, err := s3.Open(ctx, s3.Options{URL: address, Getenv: s3test.Getenv, Now: time.Now})
	if err != nil {
		return 0, err
	}
	var largest string
	err = blobs.List(ctx, "repos/", func(key string, size int64) error {
		if size >= atLeast/2 && strings.HasSuffix(key, ".pack") {
			largest = key
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return timed(func() error { return blobs.Fetch(ctx, largest, to) })
}
