// Package refname holds the rules for names of refs: those of git
// check-ref-format, and CodeCommit's for branches.
//
// It is about names only. Which refs exist, conflict or may be written is the
// business of package git.
package refname

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Namespaces.
const (
	Heads = "refs/heads/"
	Tags  = "refs/tags/"
)

// MaxLen bounds a full name, in bytes: the longest branch of four-byte
// characters fits with room to spare.
const MaxLen = 2048

// The reasons to refuse a name. They are shown to users.
var (
	ErrPrefix    = errors.New("a ref's name begins with refs/ and has two further levels")
	ErrComponent = errors.New("a part between slashes is empty, begins with \".\", or ends in \".lock\"")
	ErrCharacter = errors.New("the name holds a space, a control character, or one of ~ ^ : ? * [ \\")
	ErrSequence  = errors.New("the name holds \"..\" or \"@{\", or ends in \".\"")
	ErrEncoding  = errors.New("the name is not UTF-8")
	ErrTooLong   = errors.New("the name is too long")
	ErrObjectID  = errors.New("a branch may not be named like an object id")
)

// MaxBranchChars is CodeCommit's limit for a branch name, in characters.
const MaxBranchChars = 256

// Check says whether name may be a ref: git's rules as receive-pack applies
// them ("refs/", two levels), and two of ours: it is UTF-8, for the store and
// the API hold it as text, and it has no control characters of Unicode's second
// block, for terminals obey them.
func Check(name string) error {
	if !strings.HasPrefix(name, "refs/") || strings.Count(name, "/") < 2 {
		return ErrPrefix
	}
	if len(name) > MaxLen {
		return ErrTooLong
	}
	if !utf8.ValidString(name) {
		return ErrEncoding
	}
	for _, c := range name {
		if forbidden(c) {
			return ErrCharacter
		}
	}
	if strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".") {
		return ErrSequence
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return ErrComponent
		}
	}
	return nil
}

func forbidden(c rune) bool {
	return c <= ' ' || 0x7f <= c && c < 0xa0 || strings.ContainsRune(`~^:?*[\`, c)
}

// CheckBranch says whether name, without "refs/heads/", may be a branch in
// CodeCommit: 1 to 256 characters, not "@", not shaped like an object id, and
// a ref's name otherwise.
func CheckBranch(name string) error {
	switch {
	case utf8.RuneCountInString(name) > MaxBranchChars:
		return ErrTooLong
	case name == "@":
		return ErrSequence
	case IsObjectID(name):
		return ErrObjectID
	}
	return Check(Heads + name)
}

// CheckNew is Check, and CheckBranch for a branch: what a name must pass to
// come into being.
func CheckNew(name string) error {
	if branch, ok := strings.CutPrefix(name, Heads); ok {
		return CheckBranch(branch)
	}
	return Check(name)
}

// IsObjectID reports whether s is 40 hex digits of either case.
func IsObjectID(s string) bool {
	if len(s) != 40 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}
