package metadataserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// clock is turned by those who wait for it.
type clock struct {
	time  time.Time
	until time.Time // then waiting ends with an error
	asked []time.Time
}

func (c *clock) now() time.Time { return c.time }

func (c *clock) wait(_ context.Context, d time.Duration) error {
	if d <= 0 {
		panic("waiting for nothing")
	}
	if c.time = c.time.Add(d); c.time.After(c.until) {
		return errors.New("enough")
	}
	return nil
}

// issuer gives sessions of a life, or an error.
type issuer struct {
	*clock
	life time.Duration
	err  error
}

func (i *issuer) Fetch(context.Context) (Credentials, error) {
	i.asked = append(i.asked, i.time)
	return Credentials{Credentials: sigv4.Credentials{AccessKeyID: "ASIA" + i.time.Format("150405"), Secret: secret.New("s")}, RoleARN: roleARN, Expires: i.time.Add(i.life)}, i.err
}

func newKeeper(i *issuer, jitter float64, log io.Writer) *Keeper {
	return &Keeper{Identity: i, Now: i.now, Wait: i.wait, Jitter: func() float64 { return jitter }, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// New credentials come at 45 to 55 parts in 100 of the old ones' life, at a
// moment that differs between machines.
func TestRenewsAhead(t *testing.T) {
	for jitter, want := range map[float64]time.Duration{0: 27 * time.Minute, 1: 33 * time.Minute} {
		i := &issuer{clock: &clock{time: noon, until: noon.Add(4 * time.Hour)}, life: time.Hour}
		k := newKeeper(i, jitter, io.Discard)
		if err := k.First(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Run(t.Context())
		if len(i.asked) < 7 {
			t.Fatalf("asked %d times", len(i.asked))
		}
		for n := 1; n < len(i.asked); n++ {
			if gap := i.asked[n].Sub(i.asked[n-1]); gap != want {
				t.Errorf("jitter %v: renewed after %v, want %v", jitter, gap, want)
			}
		}
	}
}

// While the server is away the old credentials are served to their end and not
// longer; the tries become rarer, and the first that succeeds ends it.
func TestServerAway(t *testing.T) {
	var log strings.Builder
	i := &issuer{clock: &clock{time: noon, until: noon.Add(50 * time.Minute)}, life: time.Hour}
	k := newKeeper(i, 1, &log)
	if _, err := k.Current(); !errors.Is(err, errNone) {
		t.Errorf("before all: %v", err)
	}
	if err := k.First(t.Context()); err != nil {
		t.Fatal(err)
	}
	i.err = errors.New("away")
	k.Run(t.Context())
	if c, err := k.Current(); err != nil || c.AccessKeyID != "ASIA120000" {
		t.Errorf("before its end: %+v, %v", c, err)
	}
	if n := len(i.asked); n < 8 || n > 20 {
		t.Errorf("asked %d times in 17 minutes", n)
	}
	if last := i.asked[len(i.asked)-1].Sub(i.asked[len(i.asked)-2]); last != longest {
		t.Errorf("the last pause was %v", last)
	}
	i.time = noon.Add(time.Hour)
	if _, err := k.Current(); err == nil || err.Error() != "away" {
		t.Errorf("at its end: %v", err)
	}
	if !strings.Contains(log.String(), "the old ones are served") {
		t.Errorf("the log is %s", log.String())
	}
	i.err, i.until = nil, noon.Add(61*time.Minute)
	if err := k.fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := k.Current(); err != nil || c.AccessKeyID != "ASIA130000" {
		t.Errorf("back: %+v, %v", c, err)
	}
}

// A keeper that has nothing tries on, and a sleeping machine does not oversleep.
func TestStartsWithoutServer(t *testing.T) {
	i := &issuer{clock: &clock{time: noon, until: noon.Add(time.Minute)}, life: time.Hour, err: errors.New("away")}
	k := newKeeper(i, 0, io.Discard)
	if k.First(t.Context()) == nil {
		t.Fatal("no error")
	}
	k.Run(t.Context())
	if len(i.asked) < 4 {
		t.Errorf("asked %d times in a minute", len(i.asked))
	}
	i = &issuer{clock: &clock{time: noon, until: noon.Add(10 * time.Hour)}, life: time.Hour}
	k = newKeeper(i, 0, io.Discard)
	if err := k.First(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait := k.Wait
	k.Wait = func(ctx context.Context, d time.Duration) error { // the lid is shut for five hours
		if len(i.asked) == 1 && i.time.Equal(noon) {
			i.time = noon.Add(5 * time.Hour)
			return nil
		}
		return wait(ctx, d)
	}
	k.Run(t.Context())
	if len(i.asked) < 2 || !i.asked[1].Equal(noon.Add(5*time.Hour)) {
		t.Errorf("asked at %v", i.asked)
	}
}

// A session that is over when it comes is none.
func TestExpiredSession(t *testing.T) {
	i := &issuer{clock: &clock{time: noon, until: noon}, life: 0}
	k := newKeeper(i, 0, io.Discard)
	if err := k.First(t.Context()); err == nil || !strings.Contains(err.Error(), "check the clock") {
		t.Error(err)
	}
}
