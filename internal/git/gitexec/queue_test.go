package gitexec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// line takes places from a queue, each in a goroutine of its own, and notes who
// got one in which order.
type line struct {
	t   *testing.T
	q   *queue
	got chan string
	end map[string]chan struct{}
}

func newLine(t *testing.T, places, room int) *line {
	return &line{t, newQueue(places, room), make(chan string, 100), map[string]chan struct{}{}}
}

// ask queues for owner and returns when it is known that it has or waits for a place.
func (l *line) ask(account, principal, name string) {
	l.t.Helper()
	_, before := l.q.counts()
	end := make(chan struct{})
	l.end[name] = end
	running, _ := l.q.counts()
	go func() {
		release, err := l.q.take(l.t.Context(), Owner{account, principal}, time.Minute, "test")
		if err != nil {
			l.got <- err.Error()
			return
		}
		l.got <- name
		<-end
		release()
	}()
	for {
		if r, w := l.q.counts(); r+w > running+before {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (l *line) next() string { return <-l.got }

// TestFairShare: a place goes to the account, then to the principal, that has
// the fewest; one principal never has all.
func TestFairShare(t *testing.T) {
	l := newLine(t, 4, 100)
	for i := range 6 { // greedy may have three of four
		l.ask("1", "greedy", fmt.Sprint("greedy", i))
	}
	var first []string
	for range 3 {
		first = append(first, l.next())
	}
	slices.Sort(first)
	if !slices.Equal(first, []string{"greedy0", "greedy1", "greedy2"}) {
		t.Fatalf("first came %q", first)
	}
	l.ask("1", "modest", "modest0") // the fourth
	if got := l.next(); got != "modest0" {
		t.Fatalf("%s came before modest0", got)
	}
	l.ask("1", "modest", "modest1")
	l.ask("2", "other", "other0")
	close(l.end["greedy0"])
	if got := l.next(); got != "other0" { // came last, but its account has none
		t.Errorf("then came %s", got)
	}
	close(l.end["greedy1"])
	if got := l.next(); got != "modest1" && got != "greedy3" { // one each: by arrival
		t.Errorf("then came %s", got)
	}
	for _, end := range l.end {
		select {
		case <-end:
		default:
			close(end)
		}
	}
	for range 3 {
		l.next()
	}
	for r, _ := l.q.counts(); r > 0; r, _ = l.q.counts() {
		time.Sleep(time.Millisecond)
	}
	if len(l.q.has)+len(l.q.of)+len(l.q.waits) != 0 {
		t.Errorf("the queue remembers %v %v %v", l.q.has, l.q.of, l.q.waits)
	}
}

// TestQueueIsBounded: who waits beyond the bounds is refused at once, and is told whose fault it is.
func TestQueueIsBounded(t *testing.T) {
	q := newQueue(2, 8) // two of a principal wait at the most
	ctx, cancel := context.WithCancel(t.Context())
	greedy := Owner{"1", "greedy"}
	release, err := q.take(ctx, greedy, time.Minute, "test")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 10)
	wait := func(o Owner, n int) {
		for i := range n {
			go func() {
				_, err := q.take(ctx, o, time.Minute, "test")
				ended <- err
			}()
			for _, w := q.counts(); w < i+1; _, w = q.counts() {
				time.Sleep(time.Millisecond)
			}
		}
	}
	wait(greedy, 2)
	_, err = q.take(ctx, greedy, time.Minute, "test")
	if busy, ok := errors.AsType[*BusyError](err); !ok || !busy.Own || !errors.Is(err, ErrBusy) || busy.Retry <= 0 {
		t.Errorf("a third waiting request: %v", err)
	}
	if busy := q.full(greedy); busy == nil || !busy.Own {
		t.Errorf("asked before: %v", busy)
	}
	if busy := q.full(Owner{"2", "other"}); busy != nil {
		t.Errorf("another is refused: %v", busy)
	}
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled in the queue: %v", err)
		}
	}
	if _, w := q.counts(); w != 0 {
		t.Errorf("%d wait", w)
	}
	if _, err := q.take(t.Context(), greedy, time.Millisecond, "test"); !errors.Is(err, ErrBusy) {
		t.Errorf("patience: %v", err)
	}
	release()
	if r, w := q.counts(); r+w != 0 || len(q.has)+len(q.of)+len(q.waits) != 0 {
		t.Errorf("left: %d running, %d waiting", r, w)
	}
}

// TestSlowClient: a client that holds a place for next to nothing loses it; one
// that waits for git does not.
func TestSlowClient(t *testing.T) {
	p := &pace{}
	for range 10 {
		if err := p.note(slowTime, slowBytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.note(slowTime/2, 1000); err != nil {
		t.Fatal(err)
	}
	if err := p.note(slowTime/2, 1000); !errors.Is(err, ErrSlow) {
		t.Errorf("a slow client: %v", err)
	}
}
