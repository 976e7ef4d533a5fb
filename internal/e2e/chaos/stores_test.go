package chaos

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/objects/file"
	"sojourn/internal/objects/s3"
	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/postgres/postgrestest"
	"sojourn/internal/store/sqlite"
)

// place is where a cluster keeps its state: in a directory, or in PostgreSQL and S3.
type place struct{ Data, Metadata, Objects string }

// embedded is a place in a directory of the test.
func embedded(t *testing.T) place { return place{Data: t.TempDir()} }

// shared is a place on servers that others have a part of, too.
func shared(t *testing.T, database *postgrestest.Server, bucket *s3test.Server) place {
	return place{Data: t.TempDir(), Metadata: database.Database(t), Objects: bucket.Bucket(t)}
}

// openStores is the one place that knows where a cluster keeps its state.
func openStores(ctx context.Context, p place) (store.Store, objects.Store, error) {
	if p.Metadata != "" {
		st, err := postgres.Open(ctx, p.Metadata)
		if err != nil {
			return nil, nil, err
		}
		blobs, err := s3.Open(ctx, s3.Options{URL: p.Objects, Getenv: s3test.Getenv, Now: time.Now})
		if err != nil {
			return nil, nil, errors.Join(err, st.Close())
		}
		return st, blobs, nil
	}
	st, err := sqlite.Open(ctx, filepath.Join(p.Data, "meta.db"))
	if err != nil {
		return nil, nil, err
	}
	blobs, err := file.Open(filepath.Join(p.Data, "objects"))
	return st, blobs, err
}

// repository is one that clients work on.
type repository struct{ id, name string }

var demo = repository{repoID, "demo"}

func createRepositories(t *testing.T, p place, repos ...repository) {
	t.Helper()
	st, _, err := openStores(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	now := time.Now().UTC().Truncate(time.Microsecond)
	err = st.Update(t.Context(), func(tx store.Tx) error {
		err := tx.InsertAccount(store.Account{ID: account, Name: "chaos", Created: now})
		for _, r := range repos {
			err = errors.Join(err, tx.InsertRepository(store.Repository{ID: r.id, Account: account, Region: region, Name: r.name, Version: 1, Created: now, Modified: now}))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
