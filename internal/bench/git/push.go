package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// work is a bare repository from which is pushed; its main grows with each
// round, and all peers get the same.
func (b *bench) work() string { return filepath.Join(b.dir, "work.git") }

func (b *bench) makeWork() error {
	if err := git("clone", "-q", "--bare", "--no-local", b.sources.path(target), b.work()); err != nil {
		return err
	}
	// What is pushed is in packs and has been deflated: the client's share is small.
	return git("-C", b.work(), "config", "core.compression", "0")
}

// fastImport writes a history for git fast-import behind main.
type fastImport struct {
	bytes.Buffer
	begun bool
}

// commit appends one that sets a file.
func (f *fastImport) commit(message, path string, content []byte) {
	fmt.Fprintf(f, "commit refs/heads/main\ncommitter bench <bench@example.com> %d +0000\ndata %d\n%s\n", time.Now().Unix(), len(message), message)
	if !f.begun {
		f.begun = true
		f.WriteString("from refs/heads/main^0\n")
	}
	fmt.Fprintf(f, "M 100644 inline %s\ndata %d\n", path, len(content))
	f.Write(content)
	f.WriteString("\n")
}

func (b *bench) grow(f *fastImport) error {
	c := exec.Command("git", "-C", b.work(), "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet")
	c.Env, c.Stdin = gitEnv, f
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("git fast-import: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) commitBlob(round int) error {
	blob := make([]byte, 50<<20)
	if _, err := io.ReadFull(rand.Reader, blob); err != nil {
		return err
	}
	var f fastImport
	f.commit(fmt.Sprintf("blob %d", round), "assets/blob", blob)
	return b.grow(&f)
}

// commits appends n small ones: each has a blob and two trees that are new.
func (b *bench) commits(round, n int) error {
	var f fastImport
	for i := range n {
		text := strings.Repeat(fmt.Sprintf("line of %d in round %d\n", i, round), 20)
		f.commit(fmt.Sprintf("change %d", i), fmt.Sprintf("bench/file%d", i%50), []byte(text))
	}
	return b.grow(&f)
}

// push is git push, as a user does it.
func (b *bench) push(p *peer, _ int) (sample, error) {
	var wall time.Duration
	cpu, anon, err := p.during(func() (err error) {
		wall, err = b.pushOnce(p, "main")
		return err
	})
	if err != nil {
		return nil, err
	}
	return sample{"wall s": wall.Seconds(), "server CPU s": cpu.Seconds(), "anon MiB": mib(anon)}, p.settle()
}

func (b *bench) pushOnce(p *peer, what string) (time.Duration, error) {
	to := p.remote(target)
	if p.limit { // nothing is faster than no server
		to = "file://" + filepath.Join(p.dir, target+".git")
	}
	args := append(p.git(target), "-C", b.work(), "push", "-q", to, what+":refs/heads/main")
	start := time.Now()
	err := git(args...)
	return time.Since(start), err
}

// pushOnes pushes five commits one after another.
func (b *bench) pushOnes(p *peer, _ int) (sample, error) {
	const n = 5
	each := make([]time.Duration, n)
	cpu, anon, err := p.during(func() (err error) {
		for i := range each {
			if each[i], err = b.pushOnce(p, fmt.Sprintf("main~%d", n-1-i)); err != nil {
				break
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(each)
	return sample{"wall s": each[n/2].Seconds(), "server CPU s": cpu.Seconds() / n, "anon MiB": mib(anon)}, p.settle()
}
