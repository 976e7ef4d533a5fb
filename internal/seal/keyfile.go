package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// CreateKeyring makes a keyring of one new root key at path, durably and
// readable for its owner only. The error is fs.ErrExist where there is one.
func CreateKeyring(path string) (*Keyring, error) {
	file := keyringFile{Version: fileVersion, Generations: []fileGeneration{newGeneration(1, phaseSeal)}}
	k, err := file.keyring()
	if err == nil {
		err = file.write(path, writeNew)
	}
	if err != nil {
		return nil, fmt.Errorf("creating the keyring: %w", err)
	}
	return k, nil
}

func newGeneration(n int, phase string) fileGeneration {
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	return fileGeneration{Generation: n, Phase: phase, Root: base64.StdEncoding.EncodeToString(key)}
}

// AddGeneration gives the keyring at path a new root key that does not seal yet.
func AddGeneration(path string, n int) error {
	return change(path, func(f *keyringFile) error {
		f.Generations = append(f.Generations, newGeneration(n, phaseAccept))
		return nil
	})
}

// SealWith makes another generation of the keyring at path the one that seals.
func SealWith(path string, n int) error {
	return change(path, func(f *keyringFile) error {
		found := false
		for i := range f.Generations {
			g := &f.Generations[i]
			g.Phase = phaseAccept
			if g.Generation == n {
				g.Phase, found = phaseSeal, true
			}
		}
		if !found {
			return fmt.Errorf("there is no generation %d", n)
		}
		return nil
	})
}

// RemoveGeneration takes a root key that does not seal out of the keyring at
// path, for good.
func RemoveGeneration(path string, n int) error {
	return change(path, func(f *keyringFile) error {
		i := slices.IndexFunc(f.Generations, func(g fileGeneration) bool { return g.Generation == n })
		if i < 0 {
			return fmt.Errorf("there is no generation %d", n)
		}
		f.Generations = slices.Delete(f.Generations, i, i+1)
		return nil
	})
}

// change replaces the keyring at path as a whole: whoever reads it, and whoever
// starts behind a crash, finds the old one or the new one. Two at the same time
// must be kept apart by the caller.
func change(path string, f func(*keyringFile) error) error {
	data, err := readPrivate(path)
	if err != nil {
		return err
	}
	sweep(path)
	file, err := parseFile(data)
	if err == nil {
		err = f(&file)
	}
	if err == nil {
		_, err = file.keyring() // what is written can be read
	}
	if err == nil {
		err = file.write(path, replace)
	}
	if err != nil {
		return fmt.Errorf("changing the keyring %q: %w", path, err)
	}
	return nil
}

// sweep removes what a change left beside the keyring that did not come to its end.
func sweep(path string) {
	dir := filepath.Dir(path)
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if left, _ := filepath.Match(tempName(filepath.Base(path)), f.Name()); left {
			os.Remove(filepath.Join(dir, f.Name())) // what stays is in the way of nothing
		}
	}
}

// tempName is the pattern of names beside a file.
func tempName(base string) string { return "." + base + ".*" }

func (f *keyringFile) write(path string, put func(path string, data []byte) error) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return put(path, append(data, '\n'))
}

// writeNew puts data at path, whole or not at all, and never over an existing file.
func writeNew(path string, data []byte) error { return place(path, data, os.Link) }

// replace puts data at path, whole or not at all.
func replace(path string, data []byte) error { return place(path, data, os.Rename) }

// place writes data to a file beside path, for the owner alone and on the disk,
// which put then brings to path.
func place(path string, data []byte, put func(from, to string) error) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, tempName(filepath.Base(path))) // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if err := put(tmp.Name(), path); err != nil {
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
