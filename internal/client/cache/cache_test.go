package cache

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func entry(life time.Duration) Entry {
	return Entry{sigv4.Credentials{AccessKeyID: "ASIAEXAMPLE", Secret: secret.New("s3cr3t"), Token: "t0ken"}, start, start.Add(life), "p"}
}

func TestFresh(t *testing.T) {
	for _, c := range []struct{ life, margin time.Duration }{
		{15 * time.Minute, 90 * time.Second}, // a 900 s session is of use: https://github.com/aws/aws-cli/issues/5880
		{time.Hour, 5 * time.Minute}, {12 * time.Hour, 5 * time.Minute}, {5 * time.Minute, time.Minute},
	} {
		e := entry(c.life)
		if !e.Fresh(e.Expires.Add(-c.margin-time.Second)) || e.Fresh(e.Expires.Add(-c.margin)) {
			t.Errorf("a session of %v is not given up exactly %v before its end", c.life, c.margin)
		}
	}
	if (Entry{}).Fresh(start) {
		t.Error("a session without an end is fresh")
	}
}

func TestStoreAndLoad(t *testing.T) {
	d := Under(t.TempDir())
	if _, ok := d.Load("k", start); ok {
		t.Fatal("an empty cache holds something")
	}
	want := entry(time.Hour)
	if err := d.Store("k", want); err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Load("k", start); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := d.Load("k", want.Expires); ok {
		t.Error("an expired session was used")
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, mode := range map[string]os.FileMode{string(d): 0o700 | os.ModeDir, d.path("k"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}

// Whatever stands in a file, it is an entry or it is none: no error reaches the user.
func TestDamagedFileIsAbsent(t *testing.T) {
	d := Under(t.TempDir())
	if err := d.Store("k", entry(time.Hour)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(d.path("k"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if err := os.WriteFile(d.path("k"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if e, ok := d.Load("k", start); ok {
			t.Fatalf("the first %d bytes are taken for %+v", n, e)
		}
	}
	for _, text := range []string{"null", "[]", `{"Credentials":{}}`, strings.Replace(string(whole), "s3cr3t", "", 1)} {
		if err := os.WriteFile(d.path("k"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if e, ok := d.Load("k", start); ok {
			t.Errorf("%q is taken for %+v", text, e)
		}
	}
}

func TestNoHomeMeansNoCache(t *testing.T) {
	d := Under("")
	if err := d.Store("k", entry(time.Hour)); err != nil {
		t.Error(err)
	}
	if _, ok := d.Load("k", start); ok {
		t.Error("something was kept nowhere")
	}
	d.Lock(context.Background(), "k")()
}

func TestSweep(t *testing.T) {
	d := Under(t.TempDir())
	if err := d.Store("new", entry(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old.json": 37 * time.Hour, "day.json": 24 * time.Hour, ".new-1": 2 * time.Hour, ".new-2": time.Minute, "x.lock": 99 * time.Hour} {
		path := filepath.Join(string(d), name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, start, start.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Store("new", entry(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old.json": false, "day.json": true, ".new-1": false, ".new-2": true, "x.lock": true, "new.json": true} {
		if _, err := os.Stat(filepath.Join(string(d), name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

func TestLock(t *testing.T) {
	d := Under(t.TempDir())
	unlock := d.Lock(context.Background(), "k")
	d.Lock(context.Background(), "other")() // does not wait
	got := make(chan struct{})
	go func() { d.Lock(context.Background(), "k")(); close(got) }()
	short, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	d.Lock(short, "k")() // gives up when its context does
	select {
	case <-got:
		t.Fatal("two hold one lock")
	default:
	}
	unlock()
	<-got
}

func TestKey(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"a", "b", ""}, {"1:a"}} {
		k := Key(parts...)
		if seen[k] != nil || len(k) != 40 {
			t.Errorf("%q and %q have the key %s", parts, seen[k], k)
		}
		seen[k] = append(parts, "")
	}
}
