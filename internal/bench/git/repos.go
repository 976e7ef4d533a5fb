package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

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
	objects int               // of big
	own     string            // a repository to take as big instead
	names   map[string]string // of the directories, where they are others
}

func (s *sources) path(name string) string {
	if other, ok := s.names[name]; ok {
		name = other
	}
	return filepath.Join(s.dir, name+".git")
}

// make makes those of the repositories that are needed.
func (s *sources) make(ctx context.Context, needed []string) error {
	size, third := fmt.Sprintf("big-%d", s.objects), fmt.Sprintf("mid-%d", s.objects/3)
	if s.own != "" {
		size = "big-own"
	}
	s.names = map[string]string{big: size, kept: size + "-kept", mid: third}
	whole := repogen.Spec{Objects: s.objects, Refs: 1016, Seed: 1}
	builds := map[string]func(path string) error{
		few: func(path string) error { return repogen.Make(ctx, path, repogen.Spec{Objects: 500, Refs: 5, Seed: 1}) },
		many: func(path string) error {
			return repogen.Make(ctx, path, repogen.Spec{Objects: 5000, Refs: 1016, Seed: 1})
		},
		target: func(path string) error { return repogen.Make(ctx, path, repogen.Spec{Objects: 2000, Refs: 5, Seed: 1}) },
		fresh:  func(path string) error { return git("init", "-q", "--bare", path) },
		mid: func(path string) error {
			return errors.Join(repogen.Make(ctx, path, repogen.Spec{Objects: s.objects / 3, Refs: 500, Seed: 2}), maintain(path))
		},
		big: func(path string) error {
			if s.own != "" {
				return git("clone", "-q", "--bare", "--no-local", s.own, path)
			}
			return repogen.Make(ctx, path, whole)
		},
		kept: func(path string) error {
			return errors.Join(git("clone", "-q", "--mirror", "--local", s.path(big), path), maintain(path))
		},
	}
	for _, name := range needed {
		if err := s.once(name, builds[name]); err != nil {
			return err
		}
	}
	return nil
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
	say("making repository %s, which is kept", filepath.Base(path))
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

// lay puts a copy of each repository that is needed into dir, as a server on a disk has them.
// Objects are links to the same files.
func (s *sources) lay(dir string, needed []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range needed {
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

var began = time.Now()

// say tells who waits where the run is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%5.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
}
