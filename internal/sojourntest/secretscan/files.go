package secretscan

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is how large a file is looked at: the largest are packs, whose content
// is compressed.
const maxFile = 32 << 20

// Rules say what a directory's files may be.
type Rules struct {
	// Holds reports whether a file, by its path in the directory, may hold
	// secrets. It must be its owner's alone all the same.
	Holds func(name string) bool
	// Open reports whether others may read a file.
	Open func(name string) bool
}

// Files looks at all files in a directory: none may hold a secret but those that
// may, and none that others may read but those that may be.
func (s *Scanner) Files(kind, dir string, rules Rules) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return gone(err)
		}
		info, err := e.Info()
		if err != nil {
			return gone(err)
		}
		name, _ := filepath.Rel(dir, path)
		others := info.Mode().Perm()&0o077 != 0
		if others && !rules.Open(name) {
			s.Add(fmt.Sprintf("mode %v of %s: %s", info.Mode().Perm(), kind, name))
		}
		if !others && rules.Holds(name) || info.Size() > maxFile || strings.HasSuffix(filepath.Dir(name), "objects") || strings.Contains(name, "objects/") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return gone(err)
		}
		s.Look(kind+": "+name, string(b))
		return nil
	})
}

// Server learns the keys in a server's data directory, and looks at all that is there.
func (s *Scanner) Server(data string) error {
	keys, err := filepath.Glob(filepath.Join(data, "tls", "*.pem"))
	errs := []error{err}
	for _, k := range append(keys, filepath.Join(data, "keys", "root.json"), filepath.Join(data, "keys", "audit.pem")) {
		errs = append(errs, gone(s.KnowKeys("key in "+filepath.Base(k), k)))
	}
	return errors.Join(append(errs, s.Files("file of a server", data, Rules{
		Holds: func(name string) bool { return strings.HasPrefix(name, "keys/") || strings.HasPrefix(name, "tls/") },
		Open: func(name string) bool { // what clients and auditors read
			return name == "tls/ca.pem" || name == "endpoint" || name == "keys/audit-public.pem"
		},
	}))...)
}

// gone takes a file that has been deleted meanwhile as none.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// KnowKeys learns the keys in a file, each of its texts and of its PEM blocks.
func (s *Scanner) KnowKeys(class, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.texts(class, v)
		return nil
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			s.Know(class, string(block.Bytes))
			s.Know(class, strings.Join(strings.Fields(string(pem.EncodeToMemory(block))), " "))
		}
	}
	return nil
}

// texts learns every long text of a JSON value.
func (s *Scanner) texts(class string, v any) {
	switch v := v.(type) {
	case string:
		if len(v) >= 2*piece {
			s.Know(class, v)
			s.KnowEncoded(class, v)
		}
	case []any:
		for _, e := range v {
			s.texts(class, e)
		}
	case map[string]any:
		for _, e := range v {
			s.texts(class, e)
		}
	}
}

// KnowHome learns what the AWS CLI's files and our caches in a home hold.
func (s *Scanner) KnowHome(home string) error {
	return filepath.WalkDir(filepath.Join(home, ".aws"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return gone(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return gone(err)
		}
		if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
			s.body(b)
			return nil
		}
		for line := range strings.Lines(string(b)) {
			name, value, _ := strings.Cut(line, "=")
			s.field(kept.Replace(strings.ToLower(strings.TrimSpace(name))), strings.TrimSpace(value))
		}
		return nil
	})
}

// kept are names in files of what bearer knows by another.
var kept = strings.NewReplacer("aws_secret_access_key", "secretaccesskey", "aws_session_token", "sessiontoken")
