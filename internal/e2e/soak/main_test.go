//go:build linux

package soak

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
)

var (
	flagTime  = flag.Duration("soak.time", 6*time.Second, "how long the clients work, rests not counted")
	flagPause = flag.Duration("soak.pause", 300*time.Millisecond, "between two acts of a client, on average; of one that starts git four times as long")
	flagOut   = flag.String("soak.out", "", "file to which all samples go, as tab separated values")
)

// bin has the binaries under test.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if text := os.Getenv(leakVariable); text != "" {
		fmt.Fprintln(os.Stderr, serveLeaking(text))
		return 1
	}
	dir, err := os.MkdirTemp("", "sojourn-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	if err := sojourntest.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
