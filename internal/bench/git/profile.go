package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// profilesVariable tells our server where profiles go; see cmd/sojourn/profile.go.
const profilesVariable = "SOJOURN_PROFILES"

// toggleProfile runs a scenario, and if that is wanted takes a profile of our
// server meanwhile.
func (b *bench) toggleProfile(id string, run func() error) error {
	if b.profiles == "" {
		return run()
	}
	server := b.peers[0].tree.roots[0]
	if err := syscall.Kill(server, syscall.SIGUSR1); err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	if err := syscall.Kill(server, syscall.SIGUSR1); err != nil {
		return err
	}
	for range 100 {
		time.Sleep(20 * time.Millisecond)
		found, _ := filepath.Glob(filepath.Join(b.profiles, "[0-9]*.pprof"))
		if len(found) == 1 {
			return os.Rename(found[0], filepath.Join(b.profiles, id+".pprof"))
		}
	}
	return fmt.Errorf("no profile of %s: was BIN built with -tags profile?", id)
}
