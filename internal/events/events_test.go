package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// sink is one that tests look into. What fail names it refuses.
type sink struct {
	mu   sync.Mutex
	got  []string
	fail func(payload string) error
}

func (s *sink) Deliver(_ context.Context, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(string(payload)); err != nil {
			return err
		}
	}
	s.got = append(s.got, string(payload))
	return nil
}

func (s *sink) Flush() error { return nil }

// of is what has come of one repository, in its order.
func (s *sink) of(repo string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, p := range s.got {
		if strings.HasPrefix(p, repo) {
			list = append(list, p)
		}
	}
	return strings.Join(list, " ")
}

// world is an outbox, with a clock to turn.
type world struct {
	t     *testing.T
	store store.Store
	now   time.Time
	lost  []string
	logs  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return &world{t: t, store: st, now: time.Unix(1_800_000_000, 0)}
}

// happen commits events named REPO + version.
func (w *world) happen(repo string, versions ...int64) {
	w.t.Helper()
	var list []store.Event
	for _, v := range versions {
		list = append(list, store.Event{Repo: repo, Version: v, Kind: "k", Payload: fmt.Sprint(repo, v), At: w.now.Unix()})
	}
	if err := w.store.Update(w.t.Context(), func(tx store.Tx) error { return tx.AppendEvents(list) }); err != nil {
		w.t.Fatal(err)
	}
}

// deliverer is one that works only when it is told to.
func (w *world) deliverer(owner string, s Sink) *Deliverer {
	return &Deliverer{started: w.now, opt: Options{Kind: "k", Store: w.store, Sink: s, Now: func() time.Time { return w.now },
		Log: slog.New(slog.NewTextHandler(&w.logs, nil)), Owner: owner,
		Undelivered: func(p []byte) error { w.lost = append(w.lost, string(p)); return nil }}}
}

func (w *world) round(d *Deliverer) {
	w.t.Helper()
	if _, err := d.round(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) backlog(d *Deliverer, want int64) {
	w.t.Helper()
	if s, err := d.Stats(w.t.Context()); err != nil || s.Backlog != want {
		w.t.Errorf("backlog %d, %v, want %d", s.Backlog, err, want)
	}
}

// An event that fails holds back those of its repository, and no other's; it is
// tried again later and later.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	s := &sink{fail: func(p string) error {
		if p == "a2" {
			return errors.New("not now")
		}
		return nil
	}}
	d := w.deliverer("me", s)
	w.happen("a", 3, 1, 2)
	w.happen("b", 1, 2)
	w.round(d)
	if s.of("a") != "a1" || s.of("b") != "b1 b2" {
		t.Errorf("arrived %q", s.got)
	}
	tries := 0
	s.fail = func(p string) error {
		if p == "a2" {
			tries++
			return errors.New("not now")
		}
		return nil
	}
	for range 600 {
		w.now = w.now.Add(time.Second)
		w.round(d)
	}
	if tries < 6 || tries > 12 || s.of("a") != "a1" {
		t.Errorf("%d tries in 10 minutes; arrived %q", tries, s.got)
	}
	s.fail = nil
	w.now = w.now.Add(longest)
	w.happen("a", 4)
	w.round(d)
	if s.of("a") != "a1 a2 a3 a4" {
		t.Errorf("arrived %q", s.got)
	}
	w.backlog(d, 0)
}

// One of several nodes delivers; another takes over when it is gone.
func TestLease(t *testing.T) {
	w := newWorld(t)
	a, b := &sink{}, &sink{}
	first, second := w.deliverer("first", a), w.deliverer("second", b)
	w.happen("a", 1)
	w.round(first)
	w.happen("a", 2)
	w.round(second)
	if len(b.got) != 0 {
		t.Errorf("two nodes deliver at a time: %q", b.got)
	}
	w.now = w.now.Add(leaseTime + time.Second) // the first is dead
	w.round(second)
	if a.of("a") != "a1" || b.of("a") != "a2" {
		t.Errorf("arrived %q and %q", a.got, b.got)
	}
	w.happen("a", 3)
	w.round(first)
	if len(a.got) != 1 {
		t.Errorf("the first goes on without the lease: %q", a.got)
	}
}

// A receiver that refuses an event is asked a few times, one that is away for a
// day; then the event is kept aside and the next have their turn.
func TestGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		min     int
		forTime time.Duration
	}{
		"refused": {fmt.Errorf("%w: status 400", ErrRefused), 10, 30 * time.Minute},
		"away":    {errors.New("connection refused"), 200, 25 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tries := 0
			s := &sink{fail: func(p string) error {
				if p == "a1" {
					tries++
					return c.err
				}
				return nil
			}}
			d := w.deliverer("me", s)
			w.happen("a", 1, 2)
			for end := w.now.Add(c.forTime); w.now.Before(end); w.now = w.now.Add(20 * time.Second) {
				w.round(d)
			}
			if tries < c.min || !slices.Equal(w.lost, []string{"a1"}) || s.of("a") != "a2" {
				t.Errorf("%d tries, given up %q, arrived %q", tries, w.lost, s.got)
			}
			if st, _ := d.Stats(t.Context()); st.GivenUp != 1 || st.Delivered != 1 || st.Failures != int64(tries-1) {
				t.Errorf("%+v after %d tries", st, tries)
			}
			w.backlog(d, 0)
		})
	}
}

// What cannot be kept aside stays in the outbox.
func TestGivenUpAndDiskFull(t *testing.T) {
	w := newWorld(t)
	d := w.deliverer("me", &sink{fail: func(string) error { return ErrRefused }})
	d.opt.Undelivered = func([]byte) error { return errors.New("no space left on device") }
	w.happen("a", 1)
	for range 30 {
		w.round(d)
		w.now = w.now.Add(longest)
	}
	w.backlog(d, 1)
}

// unflushed loses what it has taken.
type unflushed struct {
	sink
	tries atomic.Int64
}

func (u *unflushed) Flush() error {
	u.tries.Add(1)
	return errors.New("input/output error")
}

func TestFlushFails(t *testing.T) {
	w := newWorld(t)
	d := w.deliverer("me", &unflushed{})
	w.happen("a", 1, 2)
	if _, err := d.round(t.Context()); err == nil {
		t.Error("no error")
	}
	w.backlog(d, 2)
}

func TestStartAndStop(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	s := &sink{}
	opt := w.deliverer("me", s).opt
	opt.Every = time.Millisecond
	for v := range int64(2 * batch) {
		w.happen("a", v)
	}
	d := Start(opt)
	for end := time.Now().Add(30 * time.Second); strings.Count(s.of("a"), "a") < 2*batch && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
	w.backlog(d, 0)
	w.round(w.deliverer("another", s)) // need not wait for the lease
	w.happen("a", 9999)
	w.round(w.deliverer("another", s))
	w.backlog(d, 0)
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	os.WriteFile(path, []byte("{\"whole\":1}\n{\"cut of"), 0o600)
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	read := func(want string) {
		t.Helper()
		if err := l.Flush(); err != nil {
			t.Error(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != want {
			t.Errorf("%v, the file is\n%s\nwant\n%s", err, text, want)
		}
	}
	l.Deliver(t.Context(), []byte(`{"a":1}`))
	read("{\"whole\":1}\n{\"cut of\n{\"a\":1}\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	l.Deliver(t.Context(), []byte(`{"b":1}`))
	read("{\"b\":1}\n")
	l.max = 10
	l.Deliver(t.Context(), []byte(`{"c":1}`))
	read("{\"b\":1}\n{\"c\":1}\n")
	l.Deliver(t.Context(), []byte(`{"d":1}`))
	read("{\"d\":1}\n")
	if text, _ := os.ReadFile(path + ".1"); string(text) != "{\"b\":1}\n{\"c\":1}\n" {
		t.Errorf("before it: %s", text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}
