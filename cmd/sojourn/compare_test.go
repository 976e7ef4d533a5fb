package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestComparisonIsProven: docs/compare-clients.md has 25 features, and in
// Sojourn's column each names tests that there are, or begins with "no".
func TestComparisonIsProven(t *testing.T) {
	text, err := os.ReadFile("../../docs/compare-clients.md")
	if err != nil {
		t.Fatal(err)
	}
	there := allTests(t)
	named := regexp.MustCompile(`\w+\.txtar|Test\w+`)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) < 2 || !regexp.MustCompile(`^\| \d+$`).MatchString(cells[0]) {
			continue
		}
		rows++
		if len(cells) != 10 {
			t.Errorf("%d cells in %s", len(cells), line)
			continue
		}
		ours := cells[9]
		tests := named.FindAllString(ours, -1)
		if len(tests) == 0 && !strings.HasPrefix(ours, "no:") {
			t.Errorf("no test is named in %s", line)
		}
		for _, name := range tests {
			if !slices.Contains(there, name) {
				t.Errorf("there is no test %s, which %s names", name, cells[1])
			}
		}
	}
	if rows != 25 {
		t.Errorf("%d features, want 25", rows)
	}
}

// allTests are the names of the Go tests and scripts of this module.
func allTests(t *testing.T) (names []string) {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, dir := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".txtar"):
				names = append(names, filepath.Base(path))
			case strings.HasSuffix(path, "_test.go"):
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				for _, m := range function.FindAllSubmatch(text, -1) {
					names = append(names, string(m[1]))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
