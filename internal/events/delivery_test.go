package events

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/store"
)

// calling is a sink that is a function.
type calling func(ctx context.Context, payload string) error

func (f calling) Deliver(ctx context.Context, payload []byte) error { return f(ctx, string(payload)) }
func (calling) Flush() error                                        { return nil }

// What is under way ends before the lease does, at which another node may begin.
func TestDeliveryEndsBeforeTheLease(t *testing.T) {
	w := newWorld(t)
	var left []time.Duration
	d := w.deliverer("me", calling(func(ctx context.Context, _ string) error {
		end, _ := ctx.Deadline()
		left = append(left, time.Until(end).Round(time.Second))
		return nil
	}))
	for version := range int64(4) {
		w.happen("a", version)
		w.round(d)
		w.now = w.now.Add(leaseTime/2 - time.Second)
	}
	if want := []time.Duration{25 * time.Second, 11 * time.Second, 25 * time.Second, 11 * time.Second}; !slices.Equal(left, want) {
		t.Errorf("deliveries had %v, want %v", left, want)
	}
}

// A failure costs 1 second, 2, 4, and so on up to 5 minutes.
func TestWaits(t *testing.T) {
	w := newWorld(t)
	var tries []time.Duration
	begun := w.now
	d := w.deliverer("me", calling(func(context.Context, string) error {
		tries = append(tries, w.now.Sub(begun))
		return errors.New("not now")
	}))
	w.happen("a", 1)
	for ; w.now.Sub(begun) < 20*time.Minute; w.now = w.now.Add(time.Second) {
		w.round(d)
	}
	want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111}
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(tries, want) {
		t.Errorf("tried at %v, want %v", tries, want)
	}
	s, err := d.Stats(t.Context())
	if want := (Stats{Failures: int64(len(want)), Backlog: 1, Oldest: begun}); err != nil || s != want {
		t.Errorf("%+v, want %+v; %v", s, want, err)
	}
}

// A node that stops, or loses the lease, sends nothing more and blames nobody.
func TestCutOffInABatch(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	d := w.deliverer("me", calling(func(ctx context.Context, p string) error {
		got = append(got, p)
		if p == "a2" {
			cancel()
			return context.Cause(ctx)
		}
		return nil
	}))
	w.happen("a", 1, 2, 3)
	if _, err := d.round(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := d.Stats(t.Context())
	if want := (Stats{Delivered: 1, Backlog: 2, Oldest: w.now}); err != nil || s != want || !slices.Equal(got, []string{"a1", "a2"}) {
		t.Errorf("%+v, want %+v; sent %q, %v", s, want, got, err)
	}
	// What was delivered all the same counts, and ends there.
	ctx, cancel = context.WithCancel(t.Context())
	got = nil
	d.opt.Sink = calling(func(_ context.Context, p string) error {
		got = append(got, p)
		cancel()
		return nil
	})
	if _, err := d.round(ctx); err != nil {
		t.Fatal(err)
	}
	if s, _ := d.Stats(t.Context()); s.Delivered != 2 || s.Backlog != 1 || !slices.Equal(got, []string{"a2"}) {
		t.Errorf("%+v, sent %q", s, got)
	}
}

// Another node may have delivered what this one could not. The rest of the
// batch is written all the same.
func TestDeliveredByAnother(t *testing.T) {
	w := newWorld(t)
	d := w.deliverer("me", calling(func(_ context.Context, p string) error {
		if p == "a1" {
			err := w.store.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteEvent("a", 1, 0) })
			return errors.Join(errors.New("cut off"), err)
		}
		if p == "b1" {
			return errors.New("not now")
		}
		return nil
	}))
	w.happen("a", 1)
	w.happen("b", 1)
	w.happen("c", 1)
	w.round(d)
	w.backlog(d, 1)
	if more, err := d.round(t.Context()); more || err != nil {
		t.Errorf("%t, %v", more, err)
	}
	if s, _ := d.Stats(t.Context()); s.Failures != 2 || s.Delivered != 1 {
		t.Errorf("what waits is tried at once: %+v", s)
	}
}

// An event that has waited for days while no node ran is tried for an hour first.
func TestOldEventsHaveTheirChance(t *testing.T) {
	w := newWorld(t)
	w.happen("a", 1)
	w.now = w.now.Add(48 * time.Hour)
	started := w.now
	d := w.deliverer("me", calling(func(context.Context, string) error { return errors.New("connection refused") }))
	for ; w.now.Sub(started) <= maxAgeUp; w.now = w.now.Add(time.Minute) {
		w.round(d)
	}
	if len(w.lost) != 0 {
		t.Errorf("given up within an hour: %q", w.lost)
	}
	for range 10 {
		w.round(d)
		w.now = w.now.Add(time.Minute)
	}
	if !slices.Equal(w.lost, []string{"a1"}) || !strings.Contains(w.logs.String(), "an event is given up") || !strings.Contains(w.logs.String(), "connection refused") {
		t.Errorf("given up later: %q, %s", w.lost, w.logs.String())
	}
	w.backlog(d, 0)
}

// One that is refused is tried ten times.
func TestRefusedTenTimes(t *testing.T) {
	w := newWorld(t)
	tries := 0
	d := w.deliverer("me", calling(func(context.Context, string) error { tries++; return ErrRefused }))
	w.happen("a", 1)
	for range 20 {
		w.round(d)
		w.now = w.now.Add(longest)
	}
	if tries != maxRefusals || len(w.lost) != 1 {
		t.Errorf("%d tries, %q given up", tries, w.lost)
	}
}

// Start runs by itself, says what is wrong, and Stop waits for what is under way
// before another node may begin.
func TestStopWaits(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	entered, left := make(chan bool), false
	opt := w.deliverer("me", calling(func(ctx context.Context, _ string) error {
		close(entered)
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // a client that takes long to end
		left = true
		return ctx.Err()
	})).opt
	w.happen("a", 1)
	opt.Every = time.Millisecond
	d := Start(opt)
	if d.started != w.now {
		t.Errorf("started at %v", d.started)
	}
	<-entered
	if err := d.Stop(); err != nil || !left {
		t.Errorf("stopped with a delivery under way: %t, %v", !left, err)
	}
	if strings.Contains(w.logs.String(), "events wait") {
		t.Errorf("the end is told as a fault: %s", w.logs.String())
	}
	w.backlog(d, 1)

	broken := &unflushed{}
	opt.Sink = broken
	d = Start(opt)
	for end := time.Now().Add(30 * time.Second); broken.tries.Load() < 3 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.logs.String(), "events wait") || !strings.Contains(w.logs.String(), "input/output error") {
		t.Errorf("a sink that keeps nothing is not told of: %s", w.logs.String())
	}
	w.backlog(d, 1)
}
