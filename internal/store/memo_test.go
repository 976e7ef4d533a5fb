package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// counter is a store whose version is turned by hand, and how often it is read.
type counter struct {
	Store
	version uint64
	reads   int
	during  func() // runs within a View, behind what it reads
}

func (c *counter) Version() uint64 { return c.version }

func (c *counter) View(_ context.Context, f func(Tx) error) error {
	c.reads++
	err := f(nil)
	if c.during != nil {
		c.during()
	}
	return err
}

func TestMemoReadsOnceAVersion(t *testing.T) {
	var m Memo[string, int]
	c, now := &counter{version: 1}, 0
	read := func(key string, want, reads int) {
		t.Helper()
		v, err := m.Read(t.Context(), c, key, func(Tx) (int, error) { return now, nil })
		if err != nil || v != want || c.reads != reads {
			t.Errorf("%q: %d after %d readings (%v), want %d after %d", key, v, c.reads, err, want, reads)
		}
	}
	now = 10
	read("a", 10, 1)
	now = 20
	read("a", 10, 1)
	read("b", 20, 2)
	c.version++
	read("a", 20, 3)
	read("a", 20, 3)
	read("b", 20, 4)
}

// What a reading found before a change is not given to who asks after it.
func TestMemoForgetsAChangeDuringAReading(t *testing.T) {
	var m Memo[string, string]
	c := &counter{version: 1}
	read := func(is string) string {
		v, _ := m.Read(t.Context(), c, "k", func(Tx) (string, error) { return is, nil })
		return v
	}
	c.during = func() { c.version++ }
	read("old")
	c.during = nil
	if v := read("new"); v != "new" {
		t.Errorf("after the change %q is read", v)
	}
	c.version-- // a slow reader that asked for the version before the change
	read("older")
	c.version++
	if v := read("newest"); v != "new" {
		t.Errorf("a slow reader of the version before replaced it: %q", v)
	}
}

func TestMemoKeepsNoErrorsAndABoundedNumber(t *testing.T) {
	var m Memo[int, int]
	c := &counter{version: 1}
	for range 2 {
		if _, err := m.Read(t.Context(), c, -1, func(Tx) (int, error) { return 0, ErrNotFound }); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	if c.reads != 2 {
		t.Errorf("an error was kept: %d readings", c.reads)
	}
	for i := range 3 * maxKept {
		m.Read(t.Context(), c, i, func(Tx) (int, error) { return i, nil })
		if len(m.kept) > maxKept {
			t.Fatalf("%d are kept", len(m.kept))
		}
	}
}

// cutOut is a key that was cut out of a longer text.
type cutOut string

func (c cutOut) Own() cutOut { return cutOut(strings.Clone(string(c))) }

// What is kept does not hold the texts that its keys were cut out of.
func TestMemoKeepsKeysAlone(t *testing.T) {
	const size, count = 1 << 20, 32
	var m Memo[cutOut, int]
	c, before := &counter{version: 1}, heap()
	for i := range count {
		text := fmt.Sprintf("%08d", i) + strings.Repeat("x", size)
		if _, err := m.Read(t.Context(), c, cutOut(text[:8]), func(Tx) (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > size*count/2 {
		t.Errorf("%d bytes are kept for %d keys of 8", grown, count)
	}
	if n, err := m.Read(t.Context(), c, "00000007", func(Tx) (int, error) { return -1, nil }); n != 7 || err != nil {
		t.Errorf("what is kept for a key is %d, %v", n, err)
	}
}

func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
