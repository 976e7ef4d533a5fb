package authn

import (
	"os"
	"path/filepath"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/seal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
)

// withFile gives the world a keyring whose file the test may change.
func (w *world) withFile() (path string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "root.json")
	keys, err := seal.CreateKeyring(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Keys = keys
	w.update(func(tx store.Tx) error {
		k, err := tx.AccessKey(maria.AccessKeyID)
		if err != nil {
			return err
		}
		k.Secret = keys.SealSecret(accessKeyLabel, k.ID, []byte("maria's secret"))
		return tx.UpdateAccessKey(k)
	})
	return path
}

func (w *world) adopt(path string) {
	w.t.Helper()
	keys, err := seal.LoadKeyring(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Keys.Adopt(keys)
}

func do(t *testing.T, steps ...error) {
	t.Helper()
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// What a retired root key has sealed is refused also where it was opened before,
// and what others have sealed is not.
func TestAttackRetiredKeyFromMemory(t *testing.T) {
	w := newWorld(t)
	path := w.withFile()
	old := w.session(reader)
	w.accepted("before", old)
	w.accepted("a long-term key before", maria)
	do(t, seal.AddGeneration(path, 2))
	w.adopt(path)
	w.accepted("announced", old)
	do(t, seal.SealWith(path, 2))
	w.adopt(path)
	fresh := w.session(reader)
	w.accepted("activated, the old", old)
	w.accepted("activated, the new", fresh)
	w.accepted("activated, a long-term key", maria)
	do(t, seal.RemoveGeneration(path, 1))
	w.adopt(path)
	for range 2 {
		if _, err := w.api(old, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("retired, by the API: %v", err)
		}
		if _, err := w.git(old, host, repo); !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("retired, by Git: %v", err)
		}
	}
	w.accepted("retired, the new", fresh)
	if _, err := w.api(maria, "sts", region, nil); err == nil {
		t.Error("a long-term key that was not sealed anew is taken, from memory")
	}
}

// Who asks in the name of an unknown key gets the same answer behind a rotation:
// the decoy is not one of the retired key's.
func TestAttackTellUnknownKeysByARotation(t *testing.T) {
	w := newWorld(t)
	path := w.withFile()
	unknown := sigv4.Credentials{AccessKeyID: "AKIAUNKNOWNUNKNOWN22", Secret: maria.Secret}
	ask := func(when string) {
		t.Helper()
		if _, err := w.api(unknown, "sts", region, nil); !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("%s: %v", when, err)
		}
	}
	ask("before")
	do(t, seal.AddGeneration(path, 2), seal.SealWith(path, 2), seal.RemoveGeneration(path, 1))
	w.adopt(path)
	ask("behind a rotation")
}

// Adopting the same file changes nothing: what was opened stays opened.
func TestAdoptTheSame(t *testing.T) {
	w := newWorld(t)
	path := w.withFile()
	before := w.Keys.Edition()
	w.adopt(path)
	if w.Keys.Edition() != before {
		t.Error("the same file is another edition")
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
