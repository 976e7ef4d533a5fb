package sqlite

import (
	"testing"

	"sojourn/internal/store/sqlstore"
)

// Programs of yesterday start on a schema of today, unless it says that they cannot.
func TestMigrationsSayWhatTheyBreak(t *testing.T) {
	list, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if err := sqlstore.Additive(m.name, m.script); err != nil {
			t.Error(err)
		}
	}
}
