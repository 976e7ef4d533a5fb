// Package idp meets identity providers that others have written, each as its
// users do: sign in with a browser, trade the proof for temporary credentials
// with the unmodified AWS CLI, clone with the helper. The providers are real and
// run here; "make parts" installs them.
package idp

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sojourn/internal/sojourntest"
)

// bin is the directory of the binaries under test.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
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
	return sojourntest.Run(m)
}

// part is the path of what "make parts" installs; without it the test fails.
func part(t *testing.T, path string) string {
	t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join("..", "..", "..", ".build", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("a part of the tests is missing (make parts installs it): %v", err)
	}
	return path
}
