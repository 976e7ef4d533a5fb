//go:build profile

package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"syscall"
)

// init has each second SIGUSR1 write what the processor did since the one before
// to a file in $SOJOURN_PROFILES: 1.pprof, 2.pprof and so on. It is for
// internal/bench/git -profiles; no build that is published has it.
func init() {
	dir := os.Getenv("SOJOURN_PROFILES")
	if dir == "" {
		return
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	go func() {
		for n := 1; ; n++ {
			<-c
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(n, ".new")))
			if err == nil {
				err = pprof.StartCPUProfile(f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "profile:", err)
				return
			}
			<-c
			pprof.StopCPUProfile()
			if err := f.Close(); err == nil {
				err = os.Rename(f.Name(), filepath.Join(dir, fmt.Sprint(n, ".pprof")))
			}
		}
	}()
}
