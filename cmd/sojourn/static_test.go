package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestStaticProgram: the helper, built as the Makefile builds both programs, runs
// with nothing beside it, no interpreter and no shared library, and stays small.
func TestStaticProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "helper")
	c := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags", "-s -w", "-o", path, "sojourn/cmd/git-remote-codecommit")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("it wants %q", libraries)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it wants an interpreter")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 7e6 {
		t.Errorf("it has %d bytes; %v", info.Size(), err)
	}
}
