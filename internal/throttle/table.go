package throttle

import (
	"math"
	"sync"
)

// A table has room for shards × sets × ways records: 65,536, which take 3 MiB.
const (
	shards = 64
	sets   = 128
	ways   = 8
)

// record is what is known of one key: of a budget when it is whole again, of a
// pair when its delay ends. Times are the Throttle's clock.
type record struct {
	key      key
	at       int64
	expires  int64 // from then on it says nothing
	began    int64 // when the last guess under way began
	failures uint32
	pending  uint32
}

// table is a memory of fixed size. A key has one set of places; a new record
// takes the place of one that says nothing any more, or of the one that is
// nearest to that: whoever fills a set with light records loses those first. The
// zero value is ready, and takes its memory shard by shard when it is needed.
type table struct{ shards [shards]shard }

type shard struct {
	mu      sync.Mutex
	records []record
}

func (t *table) lock(k key) *shard {
	s := &t.shards[k%shards]
	s.mu.Lock()
	return s
}

func (s *shard) set(k key) []record {
	at := int(k/shards%sets) * ways
	return s.records[at : at+ways]
}

// find returns a key's record, nil where there is none that says anything.
func (s *shard) find(k key, now int64) *record {
	if s.records == nil {
		return nil
	}
	set := s.set(k)
	for i := range set {
		if set[i].key == k && set[i].expires > now {
			return &set[i]
		}
	}
	return nil
}

// make returns a key's record, a new one where there is none.
func (s *shard) make(k key, now int64) *record {
	if s.records == nil {
		s.records = make([]record, sets*ways)
	}
	set := s.set(k)
	light, least := 0, int64(math.MaxInt64)
	for i := range set {
		r := &set[i]
		if r.key == k {
			if r.expires <= now {
				*r = record{key: k, at: now}
			}
			return r
		}
		if r.expires < least { // what has ended ends before all that has not
			light, least = i, r.expires
		}
	}
	set[light] = record{key: k, at: now}
	return &set[light]
}

// drop forgets a key.
func (t *table) drop(k key) {
	s := t.lock(k)
	defer s.mu.Unlock()
	if r := s.find(k, math.MinInt64); r != nil {
		*r = record{}
	}
}

// has reports whether a key is remembered.
func (t *table) has(k key, now int64) bool {
	s := t.lock(k)
	defer s.mu.Unlock()
	return s.find(k, now) != nil
}

// keep remembers a key until then.
func (t *table) keep(k key, until, now int64) {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.make(k, now)
	r.at, r.expires = until, until
}
