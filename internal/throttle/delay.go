package throttle

import (
	"math"
	"time"
)

// Behind the free failures each further one costs a delay, which doubles from
// firstDelay to longestDelay.
const (
	freeFailures = 5
	firstDelay   = 2 * time.Second
	longestDelay = 15 * time.Minute
)

// Few failures are forgotten behind shortMemory, more than the free ones behind
// longMemory, so that who waits in between guesses no faster.
const (
	shortMemory = time.Hour
	longMemory  = 24 * time.Hour
)

// atOnce is how many guesses of a pair without a failure may be under way at
// once: a service whose machines sign in together knows its password. When they
// fail, each counts.
const atOnce = 32

// underWay is how long a guess is waited for whose end was never told.
const underWay = int64(time.Minute)

// Delay is what a failure costs, by how many there are in a row: nothing up to
// five, then two seconds, doubling up to 15 minutes.
func Delay(failures int) time.Duration { return delayBehind(failures, freeFailures, longestDelay) }

func delayBehind(failures, free int, longest time.Duration) time.Duration {
	late := failures - free
	if late <= 0 {
		return 0
	}
	return min(longest, firstDelay<<min(late-1, 30))
}

// delay is how long a pair has to wait.
func (t *table) delay(k key, now int64, longest time.Duration) int64 {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.find(k, now)
	if r == nil {
		return 0
	}
	return r.left(now, longest)
}

// left is the rest of a delay. One that ends further off than any delay lasts
// was counted by a clock that has been turned back.
func (r *record) left(now int64, longest time.Duration) int64 {
	if r.at-now > int64(longest) {
		r.at = now + int64(longest)
	}
	return max(r.at-now, 0)
}

// enter begins a guess of a pair, or returns how long it has to wait.
func (t *table) enter(k key, now int64, free int, longest time.Duration) int64 {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.make(k, now)
	if wait := r.left(now, longest); wait > 0 {
		return wait
	}
	if r.pending > 0 && now-r.began > underWay || r.began > now {
		r.pending = 0
	}
	room := max(free-int(r.failures), 1)
	if r.failures == 0 && free > 0 {
		room = atOnce
	}
	if int(r.pending) >= room {
		return int64(time.Second)
	}
	r.pending++
	r.began = now
	r.expires = max(r.expires, now+underWay)
	return 0
}

// fail ends a guess that was wrong.
func (t *table) fail(k key, now int64, free int, longest time.Duration) {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.make(k, now)
	r.pending -= min(r.pending, 1)
	r.failures = min(r.failures+1, 1<<30)
	if d := delayBehind(int(r.failures), free, longest); d > 0 {
		r.at = now + int64(d)
	}
	memory := shortMemory
	if r.failures > freeFailures {
		memory = longMemory
	}
	r.expires = now + int64(max(memory, longest))
}

// leave ends a guess of which nothing is known.
func (t *table) leave(k key) {
	s := t.lock(k)
	defer s.mu.Unlock()
	if r := s.find(k, math.MinInt64); r != nil {
		r.pending -= min(r.pending, 1)
	}
}
