package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"sojourn/internal/bench/repogen"
)

// The repositories that are served.
const (
	few    = "few"    // 5 refs
	many   = "many"   // 1,016 refs
	big    = "big"    // as a push leaves it: one pack, nothing beside it
	kept   = "kept"   // the same after maintenance: bitmap, commit graph
	mid    = "mid"    // a third of its size, maintained
	target = "target" // of pushes
	fresh  = "fresh"  // empty, for the first push
)

var repositoryNames = []string{few, many, big, kept, mid, target, fresh}

// sources makes the repositories, or finds them where an earlier run has left
// them: the big one takes minutes.
type sources struct {
	dir     string
	objects int    // of big
	own     string // a repository to take as big instead
}

func (s *sources) path(name string) string { return filepath.Join(s.dir, name+".git") }

func (s *sources) make(ctx context.Context) error {
	for _, r := range []struct {
		name string
		spec repogen.Spec
	}{
		{few, repogen.Spec{Objects: 500, Refs: 5, Seed: 1}},
		{many, repogen.Spec{Objects: 5000, Refs: 1016, Seed: 1}},
		{target, repogen.Spec{Objects: 2000, Refs: 5, Seed: 1}},
	} {
		if err := s.once(r.name, func(path string) error { return repogen.Make(ctx, path, r.spec) }); err != nil {
			return err
		}
	}
	size := fmt.Sprintf("big-%d", s.objects)
	if s.own != "" {
		size = "big-own"
	}
	if err := s.once(size, func(path string) error {
		if s.own != "" {
			return git("clone", "-q", "--bare", "--no-local", s.own, path)
		}
		return repogen.Make(ctx, path, repogen.Spec{Objects: s.objects, Refs: 1016, Seed: 1})
	}); err != nil {
		return err
	}
	third := fmt.Sprintf("mid-%d", s.objects/3)
	if err := s.once(third, func(path string) error {
		if err := repogen.Make(ctx, path, repogen.Spec{Objects: s.objects / 3, Refs: 500, Seed: 2}); err != nil {
			return err
		}
		return maintain(path)
	}); err != nil {
		return err
	}
	if err := s.once(size+"-kept", func(path string) error {
		if err := git("clone", "-q", "--mirror", "--local", s.path(size), path); err != nil {
			return err
		}
		return maintain(path)
	}); err != nil {
		return err
	}
	if err := s.once(fresh, func(path string) error { return git("init", "-q", "--bare", path) }); err != nil {
		return err
	}
	return s.link(map[string]string{big: size, kept: size + "-kept", mid: third})
}

func maintain(path string) error {
	if err := git("-C", path, "repack", "-adbq"); err != nil {
		return err
	}
	return git("-C", path, "commit-graph", "write", "--reachable")
}

// once makes a repository that is not there, whole or not at all.
func (s *sources) once(name string, build func(path string) error) error {
	path := s.path(name)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	fmt.Fprintf(os.Stderr, "making repository %s\n", name)
	half := path + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := build(half); err != nil {
		return fmt.Errorf("making repository %s: %w", name, err)
	}
	return os.Rename(half, path)
}

func (s *sources) link(names map[string]string) error {
	for name, to := range names {
		os.Remove(s.path(name))
		if err := os.Symlink(filepath.Base(s.path(to)), s.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// lay puts a copy of each repository into dir, as a server on a disk has them.
// Objects are links to the same files.
func (s *sources) lay(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range repositoryNames {
		from, err := filepath.EvalSymlinks(s.path(name))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name+".git")
		if out, err := exec.Command("cp", "-rl", from, to).CombinedOutput(); err != nil {
			return fmt.Errorf("copying %s: %w\n%s", from, err, out)
		}
		// What a server changes must not be a link.
		for _, file := range []string{"config", "packed-refs", "HEAD"} {
			if err := unlink(filepath.Join(to, file)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if err := git("-C", to, "config", "http.receivepack", "true"); err != nil {
			return err
		}
	}
	return nil
}

// unlink makes a file one of its own.
func unlink(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// gitEnv is a user's who has configured nothing.
var gitEnv = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_SSL_NO_VERIFY=1",
	"GIT_AUTHOR_NAME=bench", "GIT_AUTHOR_EMAIL=bench@example.com", "GIT_COMMITTER_NAME=bench", "GIT_COMMITTER_EMAIL=bench@example.com")

func git(args ...string) error {
	c := exec.Command("git", args...)
	c.Env = gitEnv
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("git %q: %w\n%s", args, err, out)
	}
	return nil
}
