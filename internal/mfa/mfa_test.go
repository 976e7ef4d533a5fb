package mfa

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
	"sojourn/internal/totp"
)

const (
	serial = "arn:aws:iam::111122223333:mfa/maria"
	maria  = "AIDAMARIA"
)

var seed = []byte("12345678901234567890")

type world struct {
	*Verifier
	t    *testing.T
	time time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "metadata.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	keys, err := seal.CreateKeyring(filepath.Join(dir, "root.json"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, time: time.Date(2026, 11, 26, 12, 0, 10, 0, time.UTC)}
	w.Verifier = &Verifier{Store: db, Keys: keys, Now: func() time.Time { return w.time }}
	d := store.MFADevice{Serial: serial, Account: "111122223333", Name: "maria", Path: "/", Seed: keys.SealSecret(SeedLabel, serial, seed), UserID: maria}
	free := store.MFADevice{Serial: serial + "2", Account: "111122223333", Name: "free", Path: "/", Seed: keys.SealSecret(SeedLabel, serial+"2", seed)}
	err = db.Update(t.Context(), func(tx store.Tx) error { return errors.Join(tx.InsertMFADevice(d), tx.InsertMFADevice(free)) })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) code(steps int64) string { return totp.Code(seed, totp.Step(w.time)+steps) }

func (w *world) try(code string, want error) {
	w.t.Helper()
	if err := w.Verify(w.t.Context(), maria, serial, code); !errors.Is(err, want) {
		w.t.Errorf("code %q: %v, want %v", code, err, want)
	}
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ user, serial string }{{"AIDAOTHER", serial}, {maria, serial + "2"}, {"", serial + "2"}, {maria, "absent"}} {
		if err := w.Verify(t.Context(), c.user, c.serial, w.code(0)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v: %v", c, err)
		}
	}
	w.try(w.code(-2), ErrWrong)
	w.try(w.code(2), ErrWrong)
	w.try("", ErrWrong)
	w.try(w.code(0)+" ", ErrWrong)
	w.try(w.code(-1), nil)
	w.try(w.code(0), nil)
	w.try(w.code(-1), ErrWrong) // a step before the last one taken
	w.try(w.code(0), ErrWrong)
	w.try(w.code(1), nil)
}

// TestOnceOnly: of many requests with one code, on any node, one is accepted,
// and the others do not count as guesses.
func TestOnceOnly(t *testing.T) {
	w := newWorld(t)
	var accepted, refused atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch err := w.Verify(t.Context(), maria, serial, w.code(0)); {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, ErrWrong):
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 1 || refused.Load() != 49 {
		t.Errorf("accepted %d, refused %d", accepted.Load(), refused.Load())
	}
	w.time = w.time.Add(totp.Period)
	w.try(w.code(0), nil)
}

func TestGuessing(t *testing.T) {
	w := newWorld(t)
	throttled := func(code string) bool {
		return awserr.Is(w.Verify(t.Context(), maria, serial, code), "Throttling")
	}
	const freeFailures, firstDelay, longestDelay = 5, 2 * time.Second, 15 * time.Minute
	for range freeFailures {
		w.try("xxxxxx", ErrWrong)
	}
	delay := firstDelay
	for range 12 {
		w.try("xxxxxx", ErrWrong)
		if !throttled("xxxxxx") || !throttled(w.code(0)) {
			t.Fatal("a code was looked at during the delay")
		}
		w.time = w.time.Add(delay - time.Millisecond)
		if !throttled(w.code(0)) {
			t.Fatalf("the delay was shorter than %v", delay)
		}
		w.time = w.time.Add(time.Millisecond)
		delay = min(2*delay, longestDelay)
	}
	w.try(w.code(0), nil)
	for range freeFailures {
		w.try("xxxxxx", ErrWrong) // counted from the start
	}
	w.try(w.code(1), nil)
}

func TestPair(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		first, second string
		wide          bool
		drift         int64
		want          error
	}{
		{w.code(-1), w.code(0), false, 0, nil}, {w.code(-2), w.code(-1), false, -1, nil}, {w.code(0), w.code(1), false, 1, nil},
		{w.code(1), w.code(2), false, 0, ErrWrong}, {w.code(-1), w.code(-1), false, 0, ErrWrong}, {w.code(0), w.code(-1), false, 0, ErrWrong},
		{w.code(8), w.code(9), true, 9, nil}, {w.code(-11), w.code(-10), true, -10, nil}, {w.code(-12), w.code(-11), true, 0, ErrWrong},
	} {
		d := store.MFADevice{}
		if err := Pair(&d, seed, c.first, c.second, w.time, c.wide); !errors.Is(err, c.want) || d.Drift != c.drift {
			t.Errorf("%+v: %v, drift %d", c, err, d.Drift)
		}
	}
	d := store.MFADevice{LastStep: totp.Step(w.time)}
	if err := Pair(&d, seed, w.code(-1), w.code(0), w.time, true); !errors.Is(err, ErrWrong) {
		t.Errorf("codes that were used before: %v", err)
	}
}

// A device whose clock is off is used as before once its drift is known.
func TestDrift(t *testing.T) {
	w := newWorld(t)
	w.try(w.code(9), ErrWrong)
	err := w.Store.Update(t.Context(), func(tx store.Tx) error {
		d, err := tx.MFADevice(serial)
		return errors.Join(err, Pair(&d, seed, w.code(8), w.code(9), w.time, true), tx.UpdateMFADevice(d))
	})
	if err != nil {
		t.Fatal(err)
	}
	w.try(w.code(0), ErrWrong)
	w.try(w.code(10), nil)
}
