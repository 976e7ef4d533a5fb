package gate

import (
	"fmt"
	"sync"

	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
)

// cache holds compiled policies by their name and text, so that a text is
// parsed once. At its limit it starts anew: texts in use are back after one
// parse each.
type cache struct {
	limit int
	mu    sync.RWMutex
	byKey map[cacheKey]*policy.Policy
}

type cacheKey struct {
	kind       policy.Kind
	name, text string
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byKey: make(map[cacheKey]*policy.Policy)}
}

// get compiles a policy or finds it compiled. A text that no longer parses is a
// fault of ours and refuses the request, for what it denies is not known.
func (c *cache) get(kind policy.Kind, named identity.NamedPolicy) (*policy.Policy, error) {
	key := cacheKey{kind, named.Name, named.Text}
	c.mu.RLock()
	p := c.byKey[key]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := policy.Parse(kind, named.Text)
	if err != nil {
		return nil, fmt.Errorf("policy %q: %w", named.Name, err)
	}
	p.Name = named.Name
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byKey) >= c.limit {
		clear(c.byKey)
	}
	c.byKey[key] = p
	return p, nil
}
