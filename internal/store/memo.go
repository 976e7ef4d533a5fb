package store

import (
	"context"
	"sync"
)

// maxKept bounds what a Memo keeps. At its limit it starts anew: what is in use
// is back after one reading each.
const maxKept = 4096

// Memo keeps what was read from a store for as long as the store stays at the
// version at which it was read, so that a request need not read again what has
// not changed. It keeps what things are, and is not for decisions. The zero
// value is ready; it is safe for concurrent use, and what it gives is shared by
// all who ask, who only read it.
//
// A key may have a method Own that returns it with texts of its own. What was cut
// out of a request would else keep all of the request's text.
type Memo[K comparable, V any] struct {
	mu      sync.RWMutex
	version uint64
	kept    map[K]V
}

// ReadNow is Read for what must not be older than the call: where the store
// cannot tell of others' changes at once, it is read each time.
func (m *Memo[K, V]) ReadNow(ctx context.Context, s Store, key K, load func(Tx) (V, error)) (V, error) {
	version, exact := s.Now()
	if exact {
		return m.read(ctx, s, version, key, load)
	}
	return view(ctx, s, load)
}

// Read returns what load reads for key, or what it read before at the store's
// present version. key must hold all that load depends on beside the store. load
// may be run more than once. An error is not kept.
func (m *Memo[K, V]) Read(ctx context.Context, s Store, key K, load func(Tx) (V, error)) (V, error) {
	// Before the reading: what is committed between the two is in what is read,
	// and comes with another version.
	return m.read(ctx, s, s.Version(), key, load)
}

func (m *Memo[K, V]) read(ctx context.Context, s Store, version uint64, key K, load func(Tx) (V, error)) (V, error) {
	if v, ok := m.get(version, key); ok {
		return v, nil
	}
	v, err := view(ctx, s, load)
	if err == nil {
		m.put(version, key, v)
	}
	return v, err
}

func view[V any](ctx context.Context, s Store, load func(Tx) (V, error)) (v V, err error) {
	err = Glance(ctx, s, func(tx Tx) (err error) {
		v, err = load(tx)
		return err
	})
	return v, err
}

func (m *Memo[K, V]) get(version uint64, key K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.version == version {
		v, ok = m.kept[key]
	}
	return v, ok
}

func (m *Memo[K, V]) put(version uint64, key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if version < m.version { // others have read a later one meanwhile
		return
	}
	if m.kept == nil || version > m.version || len(m.kept) >= maxKept {
		m.kept, m.version = map[K]V{}, version
	}
	if k, ok := any(key).(interface{ Own() K }); ok {
		key = k.Own()
	}
	m.kept[key] = v
}
