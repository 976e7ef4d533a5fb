package node

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// A server whose data is elsewhere does not begin with nothing because the
// addresses were forgotten, and half an address is none.
func TestPlaceKnowsWhereItsDataIs(t *testing.T) {
	data := t.TempDir()
	grown := Place{Data: data, Metadata: "postgres://localhost/x", Objects: "s3://x"}
	own := Place{Data: data}
	if err := errors.Join(own.check(), grown.check()); err != nil {
		t.Fatal(err)
	}
	for _, half := range []Place{{Data: data, Metadata: grown.Metadata}, {Data: data, Objects: grown.Objects}} {
		if err := half.check(); err == nil || !strings.Contains(err.Error(), "one is set without the other") {
			t.Errorf("%+v: %v", half, err)
		}
	}
	if err := errors.Join(own.mark(), own.check()); err != nil {
		t.Fatalf("a directory with its own data: %v", err)
	}
	if err := errors.Join(grown.mark(), grown.check()); err != nil {
		t.Fatal(err)
	}
	if err := own.check(); err == nil || !strings.Contains(err.Error(), "SOJOURN_METADATA") {
		t.Errorf("without its addresses: %v", err)
	}
	if err := os.Remove(own.dir().marker()); err != nil {
		t.Fatal(err)
	}
	if err := own.check(); err != nil {
		t.Errorf("begun anew: %v", err)
	}
}

// The first node of all makes the root keys; one that is started without them
// beside data that has known some is told where they are, and makes none.
func TestSharedKeysAreMadeOnce(t *testing.T) {
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	first := Place{Data: dir, RootKeys: filepath.Join(dir, "root.json"), Metadata: "x", Objects: "y"}
	keys, err := first.sharedKeys(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	again, err := first.sharedKeys(t.Context(), st)
	if err != nil || len(again.Generations()) != 1 || again.Generations()[0] != keys.Generations()[0] {
		t.Fatalf("the keys that are there: %v, %v", again, err)
	}
	err = st.Update(t.Context(), func(tx store.Tx) error { return tx.PutRootKey(store.RootKey{Generation: 1}) })
	if err != nil {
		t.Fatal(err)
	}
	late := first
	late.RootKeys = filepath.Join(dir, "elsewhere.json")
	if _, err := late.sharedKeys(t.Context(), st); err == nil || !strings.Contains(err.Error(), "copy it from another node") {
		t.Errorf("a node without the keys: %v", err)
	}
	if _, err := os.Stat(late.RootKeys); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keys were made: %v", err)
	}
}

// Root keys are put where there are none, and never over others.
func TestPutKeys(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours, same, others := file("ours", "a"), file("same", "a"), file("others", "b")
	if err := errors.Join(putKeys(ours, same), putKeys(ours, filepath.Join(dir, "new", "root.json"))); err != nil {
		t.Error(err)
	}
	if err := putKeys(ours, others); err == nil || !strings.Contains(err.Error(), "is there, and is not") {
		t.Errorf("over others: %v", err)
	}
	if text, err := os.ReadFile(others); err != nil || string(text) != "b" {
		t.Errorf("the others are %q, %v", text, err)
	}
}
