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

// TestComparisonIsProven: docs/compare-clients.md has 25 features, and
// docs/compat/client.md 14 gaps. In the last column each names tests that there
// are, or begins with "no".
func TestComparisonIsProven(t *testing.T) {
	there := allTests(t)
	provenTable(t, there, "../../docs/compare-clients.md", 25, 10)
	provenTable(t, there, "../../docs/compat/client.md", 14, 4)
}

// provenTable looks at the table with numbered rows on a page.
func provenTable(t *testing.T, there []string, page string, rows, width int) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	named, numbered := regexp.MustCompile(`\w+\.txtar|Test\w+`), regexp.MustCompile(`^\| \d+$`)
	n := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) < 2 || !numbered.MatchString(cells[0]) {
			continue
		}
		n++
		if len(cells) != width {
			t.Errorf("%s: %d cells in %s", page, len(cells), line)
			continue
		}
		tests := named.FindAllString(cells[width-1], -1)
		if len(tests) == 0 && !strings.HasPrefix(cells[width-1], "no:") {
			t.Errorf("%s: no test is named in %s", page, line)
		}
		for _, name := range tests {
			if !slices.Contains(there, name) {
				t.Errorf("%s: there is no test %s, which %s names", page, name, cells[1])
			}
		}
	}
	if n != rows {
		t.Errorf("%s: %d rows, want %d", page, n, rows)
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
