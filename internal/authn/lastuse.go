package authn

import (
	"context"
	"sync"
	"time"

	"sojourn/internal/store"
)

// touchEvery is how exact an access key's last use is.
const touchEvery = time.Minute

// use is one use of a key.
type use struct{ key, service, region string }

// lastUse remembers when the last use of a key was written, so that not every
// request writes. The zero value is ready.
type lastUse struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (l *lastUse) remember(key string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil || len(l.at) > maxSessions {
		l.at = map[string]time.Time{}
	}
	if at.After(l.at[key]) {
		l.at[key] = at
	}
}

// due reports whether a use at now is to be written, and takes it as written.
func (l *lastUse) due(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at[key]) < touchEvery {
		return false
	}
	l.at[key] = now
	return true
}

// touch writes a key's last use. It is for administrators to read; a request
// does not fail over it.
func (a *Authenticator) touch(ctx context.Context, u use, now time.Time) {
	if !a.used.due(u.key, now) {
		return
	}
	_ = a.Store.Update(ctx, func(tx store.Tx) error {
		k, err := tx.AccessKey(u.key)
		if err != nil {
			return err
		}
		k.LastUsed, k.LastService, k.LastRegion = now.UTC(), u.service, u.region
		return tx.UpdateAccessKey(k)
	})
}
