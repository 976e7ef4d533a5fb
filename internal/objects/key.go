package objects

import (
	"fmt"
	"strings"
)

// maxKey leaves room for an outside prefix below S3's 1,024 bytes.
const maxKey = 512

// CheckKey refuses what is not a key: parts joined by single slashes, each of
// a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit, without "..";
// 512 bytes at most. Every driver checks with it, so that no key can lead out of
// its place and none means two things on a disk that ignores case.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("object key %q: want 1 to %d bytes", key, maxKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || !isAlphanumeric(part[0]) {
			return fmt.Errorf("object key %q: each part begins with a letter or a digit", key)
		}
		if err := checkPart(key, part); err != nil {
			return err
		}
	}
	return nil
}

// CheckPrefix refuses what no key can begin with. The empty prefix is every key's.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return CheckKey(strings.TrimSuffix(prefix, "/"))
}

func checkPart(key, part string) error {
	for i := range len(part) {
		if c := part[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return fmt.Errorf("object key %q: byte %q is not allowed", key, c)
		}
	}
	if strings.Contains(part, "..") {
		return fmt.Errorf("object key %q: \"..\" is not allowed", key)
	}
	return nil
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
