// Package storetest is the suite that every driver of the metadata store runs:
// each sentence of the port's contract is a test.
//
// It cannot show what survives a power loss; that is for tests with real disks.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"sojourn/internal/store"
)

// Fresh makes a new, empty database for one test and returns how to open it. A
// second Open, before or after the first store is closed, is what another
// process does.
type Fresh func(t *testing.T) (open Open)

// Open opens a handle on a database. Run closes the handles.
type Open func(ctx context.Context) (store.Store, error)

// Run tests a driver.
func Run(t *testing.T, fresh Fresh) {
	groups := []struct {
		name  string
		tests map[string]func(*testing.T, *database)
	}{
		{"Transaction", transactionTests},
		{"Concurrency", concurrencyTests},
		{"Record", recordTests},
		{"Named", namedTests()},
		{"Member", memberTests},
		{"Account", accountTests},
		{"LastUse", lastUseTests},
		{"SAML", samlTests},
		{"Directory", directoryTests},
		{"Anywhere", anywhereTests},
		{"Revocation", revocationTests},
		{"Policy", policyTests},
		{"Repository", repositoryTests},
		{"Ref", refTests},
		{"Pack", packTests},
		{"Maintenance", maintenanceTests},
		{"Move", moveTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for name, test := range g.tests {
				t.Run(name, func(t *testing.T) { test(t, newDatabase(t, fresh)) })
			}
		})
	}
}

// database is what a test gets: a store and the way to another handle on it.
type database struct {
	store.Store
	open  Open
	fresh Fresh
}

func newDatabase(t *testing.T, fresh Fresh) *database {
	db := &database{open: fresh(t), fresh: fresh}
	db.Store = db.another(t)
	return db
}

// another opens one more handle, which is closed at the test's end.
func (db *database) another(t *testing.T) store.Store {
	t.Helper()
	s, err := db.open(t.Context())
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// update runs f and commits it.
func (db *database) update(t *testing.T, f func(tx store.Tx)) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx store.Tx) error { f(tx); return nil }); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func (db *database) view(t *testing.T, f func(tx store.Tx)) {
	t.Helper()
	if err := db.View(t.Context(), func(tx store.Tx) error { f(tx); return nil }); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// ok ends the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is wants an error of a kind.
func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

// equal wants a call's answer. An empty list is as good as none.
func equal[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	ok(t, err)
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	if w.Kind() == reflect.Slice && g.Len() == 0 && w.Len() == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// names maps records to one of their fields, never nil.
func names[T any](list []T, name func(T) string) []string {
	out := []string{}
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}

const (
	account = "111122223333"
	other   = "444455556666"
	region  = "us-east-1"
)

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// fill gives every field of a record a value of its own, made of seed, so that
// a driver that forgets a column, also one that comes later, is found.
func fill[T any](seed int) T {
	var v T
	fillValue(reflect.ValueOf(&v).Elem(), seed, reflect.TypeFor[T]().Name())
	return v
}

func fillValue(v reflect.Value, seed int, path string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(epoch.Add(time.Duration(seed*1000+len(path)) * time.Microsecond)))
		return
	case time.Duration:
		v.SetInt(int64(seed)*int64(time.Hour) + int64(len(path)*int(time.Millisecond)))
		return
	case []byte:
		v.SetBytes(fmt.Appendf(nil, "\x00\xff%s %d", path, seed))
		return
	case store.Tag:
		v.Set(reflect.ValueOf(store.Tag{Key: fmt.Sprintf("%s/k <&> \"ü%d", path, seed), Value: ""}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), seed, path+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillValue(v.Index(i), seed, fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{path + "/a": fmt.Sprint(seed), path + "/b": "é"}))
	case reflect.String:
		v.SetString(fmt.Sprintf("%s é 'quoted' %d", path, seed))
	case reflect.Bool:
		v.SetBool(seed%2 == 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(seed)*1_000_000_007 + int64(len(path)))
	default:
		panic("storetest: no value for a field of type " + v.Type().String())
	}
}
