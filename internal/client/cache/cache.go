// Package cache keeps the temporary credentials of a role between processes,
// so that git, which starts the helper for each fetch and push, costs one call
// of STS an hour and asks for one MFA code.
//
// An entry is one file that only its owner may read, replaced as a whole: a
// reader sees the old entry or the new one, whatever dies when. What cannot be
// read counts as absent. The package does not know where credentials come from.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// Entry is one session.
type Entry struct {
	sigv4.Credentials
	Issued, Expires time.Time
	Profile         string // that it was made for
}

// The last tenth of a session's life is not used, so that what is signed with
// it still counts when it arrives: at least a minute, at most five.
const (
	minMargin = time.Minute
	maxMargin = 5 * time.Minute
)

// Fresh reports whether a session is worth using at now.
func (e Entry) Fresh(now time.Time) bool {
	margin := min(max(e.Expires.Sub(e.Issued)/10, minMargin), maxMargin)
	return !e.Expires.IsZero() && now.Add(margin).Before(e.Expires)
}

// Dir is the directory of the entries; "" keeps nothing.
type Dir string

// Under returns the directory that belongs to a home directory.
func Under(home string) Dir {
	if home == "" {
		return ""
	}
	return Dir(filepath.Join(home, ".aws", "sojourn", "cache"))
}

// Key names an entry. Different parts give different keys, wherever their borders are.
func Key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// file is an entry's form on disk. The AWS CLI's has the same Credentials.
type file struct {
	Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }
	Issued      string
	Profile     string `json:",omitempty"`
}

func (d Dir) path(key string) string { return filepath.Join(string(d), key+".json") }

// Load returns the entry called key if it can be read and is fresh at now.
func (d Dir) Load(key string, now time.Time) (Entry, bool) {
	if d == "" {
		return Entry{}, false
	}
	data, err := ReadFile(d.path(key))
	if err != nil {
		return Entry{}, false
	}
	e, err := decode(data)
	return e, err == nil && e.Fresh(now)
}

func decode(data []byte) (Entry, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return Entry{}, err
	}
	c := f.Credentials
	expires, err := parseTime(c.Expiration)
	if err != nil {
		return Entry{}, err
	}
	var issued time.Time // the AWS CLI does not write it: then the longest margin holds
	if f.Issued != "" {
		if issued, err = parseTime(f.Issued); err != nil {
			return Entry{}, err
		}
	}
	if c.AccessKeyId == "" || c.SecretAccessKey == "" {
		return Entry{}, errors.New("no key")
	}
	return Entry{sigv4.Credentials{AccessKeyID: c.AccessKeyId, Secret: secret.New(c.SecretAccessKey), Token: c.SessionToken}, issued, expires, f.Profile}, nil
}

// Store keeps an entry, and clears away what no session can be using any more.
func (d Dir) Store(key string, e Entry) error {
	if d == "" {
		return nil
	}
	if err := WriteFile(d.path(key), encode(e)); err != nil {
		return fmt.Errorf("writing the credentials cache: %w", err)
	}
	d.sweep(e.Issued)
	return nil
}

// Drop removes the entry called key if it is still the session of that access
// key: a server takes it no more. Another process may have put a new one there.
func (d Dir) Drop(key, accessKeyID string) {
	d.removeIf(key+".json", func(e Entry) bool { return e.AccessKeyID == accessKeyID })
}

// DropKey removes the entries of an access key, whatever they are called.
func (d Dir) DropKey(accessKeyID string) {
	d.removeAll(func(e Entry) bool { return e.AccessKeyID == accessKeyID })
}

// Forget removes the entries that were made for a profile and returns their number.
func (d Dir) Forget(profile string) int {
	return d.removeAll(func(e Entry) bool { return e.Profile == profile })
}

func (d Dir) removeAll(which func(Entry) bool) (n int) {
	if d == "" {
		return 0
	}
	entries, _ := os.ReadDir(string(d)) // none where nothing was ever kept
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && d.removeIf(e.Name(), which) {
			n++
		}
	}
	return n
}

func (d Dir) removeIf(name string, which func(Entry) bool) bool {
	path := filepath.Join(string(d), name)
	data, err := ReadFile(path)
	if err != nil {
		return false
	}
	e, err := decode(data)
	return err == nil && which(e) && os.Remove(path) == nil
}

// parseTime refuses years that do not have four digits in every time zone.
// The AWS CLI writes the zone's name.
func parseTime(s string) (time.Time, error) {
	if utc, ok := strings.CutSuffix(s, "UTC"); ok {
		s = utc + "Z"
	}
	t, err := time.Parse(time.RFC3339, s)
	if year := t.UTC().Year(); err == nil && (year < 1970 || year > 9999) {
		err = errors.New("no time of a session")
	}
	return t, err
}

func encode(e Entry) []byte {
	var f file
	f.Credentials.AccessKeyId, f.Credentials.SecretAccessKey = e.AccessKeyID, e.Secret.Reveal()
	f.Credentials.SessionToken = e.Token
	f.Credentials.Expiration = e.Expires.UTC().Format(time.RFC3339)
	if !e.Issued.IsZero() {
		f.Issued = e.Issued.UTC().Format(time.RFC3339)
	}
	f.Profile = e.Profile
	data, _ := json.Marshal(f) // strings always can be
	return data
}

// maxFile is more than any file in a cache of credentials holds.
const maxFile = 256 << 10

// ReadFile reads a file of a cache.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errors.New("the file is too long")
	}
	return data, err
}

// WriteFile replaces a file as a whole, or leaves it as it is. Only its owner may read it.
func WriteFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, tempPrefix+"*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

const tempPrefix = ".new-"

// No session lives longer than 36 hours; no write takes an hour.
const (
	maxLife  = 36 * time.Hour
	maxWrite = time.Hour
)

// sweep deletes entries too old to be of use and what a killed write left.
// Locks stay: there is one for each role used, and a deleted one locks nothing.
func (d Dir) sweep(now time.Time) {
	entries, _ := os.ReadDir(string(d)) // the next Store tries again
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		age := now.Sub(info.ModTime())
		if strings.HasPrefix(e.Name(), tempPrefix) && age > maxWrite || strings.HasSuffix(e.Name(), ".json") && age > maxLife {
			os.Remove(filepath.Join(string(d), e.Name()))
		}
	}
}
