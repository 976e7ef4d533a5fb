package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		path := filepath.Join(t.TempDir(), "sojourn.db")
		return func(ctx context.Context) (store.Store, error) { return sqlite.Open(ctx, path) }
	})
}
