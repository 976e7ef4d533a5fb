package objects_test

import (
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/objects"
)

// FuzzCheckKey: what is accepted stays below its directory, is one path on
// every system, and is accepted as a prefix too.
func FuzzCheckKey(f *testing.F) {
	for _, s := range []string{"repos/0a1b/packs/9f.pack", "a", "../a", "a/../../b", "a//b", "/a", "A", "a/.b", "a\\..\\b", "a:b", "con"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if objects.CheckKey(key) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(key)) || filepath.ToSlash(filepath.Clean(filepath.FromSlash(key))) != key {
			t.Errorf("%q is not its own path", key)
		}
		if strings.ToLower(key) != key || len(key) > 512 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789._/-") != "" {
			t.Errorf("%q is outside the grammar", key)
		}
		if objects.CheckPrefix(key) != nil || len(key) < 512 && objects.CheckPrefix(key+"/") != nil {
			t.Errorf("%q is no prefix", key)
		}
	})
}
