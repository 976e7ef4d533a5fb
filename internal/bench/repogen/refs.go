package repogen

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packRefs writes all refs into one file, sorted as git sorts them. fast-import
// would write a file for each.
func (h *history) packRefs(ctx context.Context, dir, marks string) error {
	oids, err := readMarks(marks)
	if err != nil {
		return err
	}
	commits := h.firstCommit()
	lines := []string{"refs/heads/main " + oids[commits+h.head]}
	for i := range h.tags {
		lines = append(lines, fmt.Sprintf("refs/tags/%s %s\n^%s", tagName(i), oids[commits+len(h.commits)+i], oids[commits+h.tagged(i, h.tags)]))
	}
	branches := h.refs - 1 - h.tags
	for i := range branches {
		lines = append(lines, fmt.Sprintf("refs/heads/dev/%d/work-%d %s", i%97, i, oids[commits+h.tagged(i, branches)]))
	}
	slices.Sort(lines)
	var b strings.Builder
	b.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for _, l := range lines {
		name, rest, _ := strings.Cut(l, " ")
		oid, peeled, _ := strings.Cut(rest, "\n")
		fmt.Fprintf(&b, "%s %s\n", oid, name)
		if peeled != "" {
			b.WriteString(peeled + "\n")
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "refs")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "refs", "heads"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return git(ctx, nil, "-C", dir, "rev-parse", "--verify", "-q", "HEAD^{tree}")
}

func readMarks(name string) (map[int]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	oids := map[int]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var mark int
		var oid string
		if _, err := fmt.Sscanf(lines.Text(), ":%d %s", &mark, &oid); err != nil {
			return nil, fmt.Errorf("marks of fast-import: %w", err)
		}
		oids[mark] = oid
	}
	return oids, nil
}
