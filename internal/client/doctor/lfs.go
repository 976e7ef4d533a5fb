package doctor

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// lfs looks at a repository that keeps files with git-lfs, which knows no
// codecommit:// URLs: it takes them for ssh to a host of that name.
func (d *Doctor) lfs(ctx context.Context) {
	remote := func(e entry) bool {
		return strings.HasPrefix(e.key, "remote.") && strings.HasSuffix(e.key, ".url") && strings.HasPrefix(e.value, "codecommit:")
	}
	if !slices.ContainsFunc(d.config, remote) {
		return
	}
	out, err := d.Run(ctx, "", "git", "rev-parse", "--show-toplevel")
	top := strings.TrimSuffix(out, "\n")
	if err != nil || top == "" {
		return
	}
	attributes, err := os.ReadFile(filepath.Join(top, ".gitattributes"))
	if err != nil || !strings.Contains(string(attributes), "filter=lfs") {
		return
	}
	for _, e := range d.config {
		if e.key == "lfs.url" || strings.HasPrefix(e.key, "remote.") && strings.HasSuffix(e.key, ".lfsurl") {
			d.add("lfs", OK, "large files go to "+e.value, "")
			return
		}
	}
	if out, err := d.Run(ctx, "", "git", "config", "-f", filepath.Join(top, ".lfsconfig"), "lfs.url"); err == nil && out != "" {
		d.add("lfs", OK, "large files go to "+strings.TrimSpace(out), "")
		return
	}
	d.add("lfs", Problem, "git-lfs is not told where large files go, and takes codecommit:// for ssh to a host of that name", "git config -f .lfsconfig lfs.url https://…")
}
