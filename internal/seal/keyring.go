package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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
// To change the root, announce a generation (phase "accept") to every node, then
// let it seal and the old one accept, and remove the old one when the longest
// session (36 hours) is over and no secret at rest needs it. Adopt takes each
// step over without a restart.
type Keyring struct{ ring atomic.Pointer[ring] }

// ring is a keyring as its file is at one time. It does not change.
type ring struct {
	edition uint64
	roots   map[byte]*root
	current byte // the generation that seals
	since   int  // sessions sealed on an earlier day are refused

	mu     sync.RWMutex
	epochs map[keyID]*epoch // those of other rings are not those of this one
}

func newKeyring(r *ring) *Keyring {
	k := new(Keyring)
	k.ring.Store(r)
	return k
}

// Edition grows with each Adopt that changes something. What was opened under
// an edition need not open under another.
func (k *Keyring) Edition() uint64 { return k.ring.Load().edition }

// Adopt makes the keys of from those of k, and reports whether they differ.
// It must not be called at the same time as itself.
func (k *Keyring) Adopt(from *Keyring) bool {
	old, next := k.ring.Load(), from.ring.Load()
	if old.same(next) {
		return false
	}
	k.ring.Store(&ring{edition: old.edition + 1, roots: next.roots, current: next.current, since: next.since, epochs: map[keyID]*epoch{}})
	return true
}

func (r *ring) same(other *ring) bool {
	return r.current == other.current && r.since == other.since &&
		maps.EqualFunc(r.roots, other.roots, func(a, b *root) bool { return *a == *b }) // nobody outside has either
}

// Generation is what may be told of a root key.
type Generation struct {
	Number      int
	Seals       bool
	Fingerprint string // tells the key from any other, and nothing else of it
}

// Generations lists the root keys by number.
func (k *Keyring) Generations() []Generation {
	r := k.ring.Load()
	var out []Generation
	for _, id := range slices.Sorted(maps.Keys(r.roots)) {
		out = append(out, Generation{int(id), id == r.current, hex.EncodeToString(derive(r.roots[id], nil, labelFingerprint)[:8])})
	}
	return out
}

// Choose is the keyring with another generation as the one that seals, and
// without some. The error names a generation that is needed and not there.
func (k *Keyring) Choose(seals int, without ...int) (*Keyring, error) {
	r := k.ring.Load()
	roots := maps.Clone(r.roots)
	for _, n := range without {
		delete(roots, byte(n))
	}
	if seals < 1 || seals > 255 || roots[byte(seals)] == nil {
		return nil, fmt.Errorf("the keyring has no root key of generation %d", seals)
	}
	return newKeyring(&ring{roots: roots, current: byte(seals), since: r.since, epochs: map[keyID]*epoch{}}), nil
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
	data, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	k, err := parseKeyring(data)
	if err != nil {
		return nil, fmt.Errorf("keyring %q: %w", path, err)
	}
	return k, nil
}

func readPrivate(path string) ([]byte, error) {
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
	return data, nil
}

// parseKeyring checks everything: a keyring that is half understood seals what nobody can open.
func parseKeyring(data []byte) (*Keyring, error) {
	file, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	return file.keyring()
}

func parseFile(data []byte) (file keyringFile, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if len(data) > maxFile {
		return file, fmt.Errorf("longer than %d bytes", maxFile)
	}
	if err := d.Decode(&file); err != nil {
		return file, plainJSONError(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return file, errors.New("there is something behind the JSON object")
	}
	if file.Version != fileVersion {
		return file, fmt.Errorf("version is %d, this program knows %d", file.Version, fileVersion)
	}
	return file, nil
}

func (f *keyringFile) keyring() (*Keyring, error) {
	r := &ring{roots: map[byte]*root{}, epochs: map[keyID]*epoch{}}
	if f.SessionsSince != "" {
		since, err := time.Parse(time.DateOnly, f.SessionsSince)
		if err != nil {
			return nil, errors.New("sessions_since must be a day as YYYY-MM-DD")
		}
		r.since = dayOf(since)
	}
	for _, g := range f.Generations {
		if err := r.add(g); err != nil {
			return nil, fmt.Errorf("generation %d: %w", g.Generation, err)
		}
	}
	if r.current == 0 {
		return nil, fmt.Errorf("no generation has phase %q", phaseSeal)
	}
	return newKeyring(r), nil
}

func (r *ring) add(g fileGeneration) error {
	if g.Generation < 1 || g.Generation > 255 {
		return errors.New("must be 1 to 255")
	}
	id := byte(g.Generation)
	key, err := base64.StdEncoding.Strict().DecodeString(g.Root)
	switch {
	case r.roots[id] != nil:
		return errors.New("is there twice")
	case err != nil || len(key) != keySize:
		return fmt.Errorf("root must be %d bytes in base64", keySize) // and never a word of what it is
	case g.Phase == phaseSeal && r.current != 0:
		return fmt.Errorf("generation %d has phase %q already", r.current, phaseSeal)
	case g.Phase == phaseSeal:
		r.current = id
	case g.Phase != phaseAccept:
		return fmt.Errorf("phase must be %q or %q", phaseSeal, phaseAccept)
	}
	r.roots[id] = (*root)(key)
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

// Format keeps root keys out of every kind of print.
func (k *Keyring) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// LogValue keeps root keys out of the log.
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps root keys out of JSON.
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(redacted), nil }
