package cache

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Shared is the directory in which the AWS CLI keeps sessions; "" keeps
// nothing. Its names tell neither the server nor the source of a session, so it
// is for sessions of AWS alone whose source is clear. Nothing of the CLI's is
// ever cleared away.
type Shared string

// SharedUnder returns the AWS CLI's directory below a home directory.
func SharedUnder(home string) Shared {
	if home == "" {
		return ""
	}
	return Shared(filepath.Join(home, ".aws", "cli", "cache"))
}

// Load returns the entry called key if it can be read and is fresh at now.
func (s Shared) Load(key string, now time.Time) (Entry, bool) { return Dir(s).Load(key, now) }

// Store keeps an entry in a form that the AWS CLI reads.
func (s Shared) Store(key string, e Entry) error {
	if s == "" {
		return nil
	}
	e.Profile = "" // which profile it is for, the AWS CLI does not say
	if err := WriteFile(Dir(s).path(key), encode(e)); err != nil {
		return fmt.Errorf("writing the AWS CLI's credentials cache: %w", err)
	}
	return nil
}

// Drop removes an entry as Dir's does.
func (s Shared) Drop(key, accessKeyID string) { Dir(s).Drop(key, accessKeyID) }

// Remove removes the entry called key, whatever is in it; false where there is none.
func (s Shared) Remove(key string) bool { return s != "" && os.Remove(Dir(s).path(key)) == nil }

// Member is one name and value of what the AWS CLI hashes.
type Member struct {
	Name string
	Text string
	Bare bool // a number
}

// RoleKey is the AWS CLI's name for a session of a role: the hash of the call's
// members as Python writes JSON, with a blank behind "," and ":".
func RoleKey(members ...Member) string { return sharedKey(", ", ": ", members) }

// SSOKey is its name for a session of IAM Identity Center: the same without blanks.
func SSOKey(members ...Member) string { return sharedKey(",", ":", members) }

func sharedKey(comma, colon string, members []Member) string {
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, m := range members {
		if m.Text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(comma)
		}
		writeQuoted(&b, m.Name)
		b.WriteString(colon)
		if m.Bare {
			b.WriteString(m.Text)
		} else {
			writeQuoted(&b, m.Text)
		}
	}
	return SHA1("{" + b.String() + "}")
}

// SHA1 is a file's name in the AWS CLI's caches. Nothing is protected by it.
func SHA1(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// writeQuoted writes a string as Python's json does: ASCII alone, "/", "<" and "&" as they are.
func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case ' ' <= r && r <= '~':
			b.WriteRune(r)
		case strings.ContainsRune("\n\r\t\b\f", r):
			b.WriteByte('\\')
			b.WriteByte("nrtbf"[strings.IndexRune("\n\r\t\b\f", r)])
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(b, `\u%04x`, unit)
			}
		}
	}
	b.WriteByte('"')
}
