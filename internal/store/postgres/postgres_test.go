package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/postgres/postgrestest"
	"sojourn/internal/store/storetest"
)

var server *postgrestest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = postgrestest.StartForMain(); err != nil {
		fmt.Println("PostgreSQL:", err)
		os.Exit(1)
	}
	status := m.Run()
	server.Remove()
	os.Exit(status)
}

// empty takes all rows from a database's tables, which is quicker than to make it anew.
const empty = `DO $$ DECLARE name text; BEGIN
	SET session_replication_role = replica;
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
		EXECUTE format('DELETE FROM %I', name);
	END LOOP;
END $$`

func TestStore(t *testing.T) {
	url := server.Database(t)
	open := func(ctx context.Context) (store.Store, error) { return postgres.Open(ctx, url) }
	first, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) storetest.Open {
		if err := postgrestest.Exec(url, empty); err != nil {
			t.Fatal(err)
		}
		return open
	})
}
