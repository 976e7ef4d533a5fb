// Package lazyre holds regular expressions that are compiled when they are
// first needed. The server's are in the same program as commands of the client,
// which git starts for each fetch and which need none of them.
package lazyre

import (
	"regexp"
	"sync"
)

// Regexp is a regular expression. It may be used by several goroutines.
type Regexp struct{ compiled func() *regexp.Regexp }

// New returns one that is compiled at its first use, which panics if it cannot be.
func New(expr string) Regexp {
	return Regexp{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// MatchString reports whether the expression matches s.
func (r Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// FindStringSubmatch returns what the expression and its groups match in s, nil where it does not.
func (r Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }

// Match reports whether the expression matches b.
func (r Regexp) Match(b []byte) bool { return r.compiled().Match(b) }
