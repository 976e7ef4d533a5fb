package refname

import (
	"path"
	"strings"
	"testing"
)

// FuzzCheck: a second, plainer statement of the rules judges each name that
// passes; none can leave a directory or be taken for two lines.
func FuzzCheck(f *testing.F) {
	for _, c := range names {
		f.Add(c.name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := Check(name)
		bad := strings.Contains(name, "//") || strings.Contains(name, "/.") || strings.Contains(name, "..") ||
			strings.Contains(name, "@{") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") ||
			strings.Contains(name+"/", ".lock/") || strings.ContainsAny(name, "\x00\n\r\t\x1b \x7f~^:?*[\\") ||
			!strings.HasPrefix(name, "refs/")
		if err == nil && bad {
			t.Fatalf("%q passed", name)
		}
		if err == nil && path.Clean(name) != name {
			t.Fatalf("%q is not a clean path", name)
		}
		if CheckNew(name) == nil && err != nil {
			t.Fatalf("%q may be made but not be", name)
		}
	})
}
