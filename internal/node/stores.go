package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/objects/file"
	"sojourn/internal/objects/s3"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/sqlite"
)

// Place is where a server's data is: a directory alone, or beside one stores
// that many nodes share. Nothing above the drivers knows which.
type Place struct {
	Data     string              // the directory
	Metadata string              // postgres://…; "" is a file in Data
	Objects  string              // s3://…; "" is a directory in Data
	RootKeys string              // file of the root keys; "" is one in Data
	Getenv   func(string) string // where the object store's credentials are looked for; os.Getenv when nil
}

func (p Place) dir() dataDir { return dataDir(p.Data) }

// shared reports whether other nodes may have the same stores.
func (p Place) shared() bool { return p.Metadata != "" }

func (p Place) rootKeys() string {
	if p.RootKeys != "" {
		return p.RootKeys
	}
	return p.dir().rootKeys()
}

// marker is in a directory whose data is elsewhere, so that a server that is
// started without the addresses does not begin with nothing.
func (d dataDir) marker() string { return d.path("stores-are-elsewhere") }

const markerText = "The data of this node is in the stores that --metadata and --objects named.\n" +
	"Remove this file to begin anew with data in this directory.\n"

// check refuses half a place, and one that has data elsewhere.
func (p Place) check() error {
	if (p.Metadata == "") != (p.Objects == "") {
		return errors.New("metadata and objects: one is set without the other; nodes share both or none")
	}
	if p.shared() {
		return nil
	}
	if _, err := os.Stat(p.dir().marker()); err == nil {
		return fmt.Errorf("data %q: its node has its data in PostgreSQL and S3: give SOJOURN_METADATA and SOJOURN_OBJECTS, or remove %s to begin anew", p.Data, p.dir().marker())
	}
	return nil
}

// mark notes that the data is elsewhere.
func (p Place) mark() error {
	if !p.shared() {
		return nil
	}
	return os.WriteFile(p.dir().marker(), []byte(markerText), 0o600)
}

// openStore opens the metadata store.
func (p Place) openStore(ctx context.Context) (store.Store, error) {
	if p.shared() {
		s, err := postgres.Open(ctx, p.Metadata)
		if err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		return s, nil
	}
	s, err := sqlite.Open(ctx, p.dir().database())
	if err != nil {
		return nil, err
	}
	return s, nil
}

// openObjects opens the object store.
func (p Place) openObjects(ctx context.Context) (objects.Store, error) {
	if !p.shared() {
		s, err := file.Open(p.dir().objects())
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	getenv := p.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	s, err := s3.Open(ctx, s3.Options{URL: p.Objects, Getenv: getenv, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return s, nil
}

// hasRun reports whether a server has made its data here.
func (p Place) hasRun() error {
	if err := ownedByAnother(p.Data, p.dir().audit()); err != nil {
		return err
	}
	if p.shared() {
		return nil // its root keys tell
	}
	if _, err := os.Stat(p.dir().database()); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("data %q: no server has run here; start \"sojourn serve --data %s\" once", p.Data, p.Data)
	} else if err != nil {
		return err
	}
	return nil
}

// open opens the root keys and the metadata store, and makes what is not there.
// A directory's keys come first: where there is a database, there were keys.
func (p Place) open(ctx context.Context) (*seal.Keyring, store.Store, error) {
	if !p.shared() {
		keys, err := p.ownKeys()
		if err != nil {
			return nil, nil, err
		}
		st, err := p.openStore(ctx)
		return keys, st, err
	}
	st, err := p.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	keys, err := p.sharedKeys(ctx, st)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return keys, st, nil
}

// ownKeys opens the root keys, or makes them where there is no database yet: a
// database whose keys are lost must not get new ones unasked.
func (p Place) ownKeys() (*seal.Keyring, error) {
	keys, err := seal.LoadKeyring(p.rootKeys())
	if !errors.Is(err, os.ErrNotExist) {
		return keys, err
	}
	if _, dbErr := os.Stat(p.dir().database()); dbErr == nil {
		return nil, fmt.Errorf("%s is missing though %s is there: put it back from its backup", p.rootKeys(), p.dir().database())
	}
	return seal.CreateKeyring(p.rootKeys())
}

// sharedKeys opens the root keys. Of the nodes that share a store the first makes
// the keys that the others are given.
func (p Place) sharedKeys(ctx context.Context, st store.Store) (*seal.Keyring, error) {
	keys, err := seal.LoadKeyring(p.rootKeys())
	if !errors.Is(err, os.ErrNotExist) {
		return keys, err
	}
	var lives []store.RootKey
	err = st.View(ctx, func(tx store.Tx) (err error) {
		lives, err = tx.RootKeys()
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(lives) > 0 {
		return nil, fmt.Errorf("%s is missing though the database has known root keys: copy it from another node, or put it back from its backup", p.rootKeys())
	}
	return seal.CreateKeyring(p.rootKeys())
}
