package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

const (
	fileVersion = 1
	maxFile     = 64 << 10

	phaseSeal   = "seal"   // seals, and opens
	phaseAccept = "accept" // opens only: not yet known to every node, or on its way out

	redacted = "**redacted**"
)

// root is a root key.
type root [keySize]byte

// Keyring holds the root keys: one that seals, and those that open what older
// or newer generations have sealed. It is safe for concurrent use and never prints itself.
//
// To change the root, add a generation with phase "accept" on every node, then
// give it phase "seal" and the old one "accept", and remove the old one when
// the longest session (36 hours) is over and no secret at rest needs it.
type Keyring struct {
	roots   map[byte]*root
	current byte // the generation that seals
	since   int  // sessions sealed on an earlier day are refused

	mu     sync.RWMutex
	epochs map[keyID]*epoch
}

// keyringFile is the form on disk.
type keyringFile struct {
	Version int `json:"version"`
	// SessionsSince, YYYY-MM-DD in UTC, ends all sessions that began earlier. Optional.
	SessionsSince string           `json:"sessions_since,omitempty"`
	Generations   []fileGeneration `json:"generations"`
}

type fileGeneration struct {
	Generation int    `json:"generation"` // 1 to 255
	Phase      string `json:"phase"`
	Root       string `json:"root"` // base64 of 32 bytes
}

// LoadKeyring reads the keyring at path. Nobody but its owner may have access
// to the file. The error is fs.ErrNotExist where there is none.
func LoadKeyring(path string) (*Keyring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the keyring: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the keyring: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("keyring %q is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // Windows knows no modes
		return nil, fmt.Errorf("keyring %q has mode %04o: others than its owner have access to it; run chmod 600 on it", path, mode)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the keyring %q: %w", path, err)
	}
	k, err := parseKeyring(data)
	if err != nil {
		return nil, fmt.Errorf("keyring %q: %w", path, err)
	}
	return k, nil
}

// parseKeyring checks everything: a keyring that is half understood seals what nobody can open.
func parseKeyring(data []byte) (*Keyring, error) {
	var file keyringFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if len(data) > maxFile {
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	if err := d.Decode(&file); err != nil {
		return nil, plainJSONError(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the JSON object")
	}
	if file.Version != fileVersion {
		return nil, fmt.Errorf("version is %d, this program knows %d", file.Version, fileVersion)
	}
	k := &Keyring{roots: map[byte]*root{}, epochs: map[keyID]*epoch{}}
	if file.SessionsSince != "" {
		since, err := time.Parse(time.DateOnly, file.SessionsSince)
		if err != nil {
			return nil, errors.New("sessions_since must be a day as YYYY-MM-DD")
		}
		k.since = dayOf(since)
	}
	for _, g := range file.Generations {
		if err := k.add(g); err != nil {
			return nil, fmt.Errorf("generation %d: %w", g.Generation, err)
		}
	}
	if k.current == 0 {
		return nil, fmt.Errorf("no generation has phase %q", phaseSeal)
	}
	return k, nil
}

func (k *Keyring) add(g fileGeneration) error {
	if g.Generation < 1 || g.Generation > 255 {
		return errors.New("must be 1 to 255")
	}
	id := byte(g.Generation)
	key, err := base64.StdEncoding.Strict().DecodeString(g.Root)
	switch {
	case k.roots[id] != nil:
		return errors.New("is there twice")
	case err != nil || len(key) != keySize:
		return fmt.Errorf("root must be %d bytes in base64", keySize) // and never a word of what it is
	case g.Phase == phaseSeal && k.current != 0:
		return fmt.Errorf("generation %d has phase %q already", k.current, phaseSeal)
	case g.Phase == phaseSeal:
		k.current = id
	case g.Phase != phaseAccept:
		return fmt.Errorf("phase must be %q or %q", phaseSeal, phaseAccept)
	}
	k.roots[id] = (*root)(key)
	return nil
}

// plainJSONError keeps values out of the message: one of them is the root key.
func plainJSONError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("field %q has the wrong type", e.Field)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not JSON at byte %d", e.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file is cut short")
	}
	return err // an unknown field, by name
}

// CreateKeyring makes a keyring of one new root key at path, durably and
// readable for its owner only. The error is fs.ErrExist where there is one.
func CreateKeyring(path string) (*Keyring, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	data, err := json.MarshalIndent(keyringFile{Version: fileVersion, Generations: []fileGeneration{{
		Generation: 1, Phase: phaseSeal, Root: base64.StdEncoding.EncodeToString(key),
	}}}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("creating the keyring: %w", err)
	}
	if err := writeNew(path, append(data, '\n')); err != nil {
		return nil, fmt.Errorf("creating the keyring: %w", err)
	}
	return parseKeyring(data)
}

// writeNew puts data at path, whole or not at all, and never over an existing file.
func writeNew(path string, data []byte) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // has no such call
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Format keeps root keys out of every kind of print.
func (k *Keyring) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// LogValue keeps root keys out of the log.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps root keys out of JSON.
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(redacted), nil }
