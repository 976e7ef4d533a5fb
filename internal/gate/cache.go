package gate

import (
	"sync"

	"sojourn/internal/policy"
)

// cache holds compiled policies by their text, so that a text is parsed once.
// At its limit it starts anew: texts in use are back after one parse each.
type cache struct {
	limit int
	mu    sync.RWMutex
	byKey map[cacheKey]*policy.Policy
}

type cacheKey struct {
	kind policy.Kind
	text string
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byKey: make(map[cacheKey]*policy.Policy)}
}

func (c *cache) get(kind policy.Kind, text string) (*policy.Policy, error) {
	key := cacheKey{kind, text}
	c.mu.RLock()
	p := c.byKey[key]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := policy.Parse(kind, text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byKey) >= c.limit {
		clear(c.byKey)
	}
	c.byKey[key] = p
	return p, nil
}
