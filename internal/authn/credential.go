package authn

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/sigv4"
	"sojourn/internal/store"
)

// accessKeyLabel is what the secrets of long-term keys are sealed as, with the key's id.
const accessKeyLabel = "access-key"

// maxScopes bounds the signing keys kept for one credential: a session meets
// three services, two regions and two days.
const maxScopes = 16

// credential is an access key whose secret is known, and the session that it proves.
type credential struct {
	session   principal.Session // its maps are shared by all callers, who only read them
	temporary bool
	secret    string
	edition   uint64 // of the keyring that opened it

	mu   sync.Mutex
	keys map[scope]sigv4.Key
}

type scope struct{ date, region, service string }

func (c *credential) signingKey(date, region, service string) sigv4.Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := scope{date, region, service}
	if k, ok := c.keys[s]; ok {
		return k
	}
	if c.keys == nil || len(c.keys) >= maxScopes {
		c.keys = map[scope]sigv4.Key{}
	}
	k := sigv4.DeriveKey(c.secret, date, region, service)
	c.keys[scope{strings.Clone(date), strings.Clone(region), strings.Clone(service)}] = k // without the rest of the request
	return k
}

// Format keeps the secret out of every kind of print.
func (c *credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, "credential of ", c.session.ID) }

// credential finds the key: a session's in its token, a user's in the store.
// Every reason for which there is none has the same error. Beside the error
// stands the decoy, so that the signature can be compared all the same.
func (a *Authenticator) credential(ctx context.Context, id, token string) (*credential, error) {
	if strings.HasPrefix(id, "AKIA") {
		c, err := a.accessKey(ctx, id)
		if err == nil && token != "" {
			err = awserr.InvalidToken()
		}
		return c, err
	}
	c, err := a.sessionKey(ctx, id, token)
	if err != nil {
		c = a.decoy.session(a.Keys)
	}
	return c, err
}

// sessionKey opens a session's token, or finds it opened.
func (a *Authenticator) sessionKey(ctx context.Context, id, token string) (*credential, error) {
	now := a.Now()
	edition := a.Keys.Edition() // before opening: what is opened by older keys is opened again
	if c := a.remembered(id, token, edition); c != nil {
		if !now.Before(c.session.Expires) {
			a.opened.drop(id, token)
			return nil, awserr.Expired()
		}
		return c, nil
	}
	s, key, err := a.Keys.Open(id, token, now)
	if err != nil {
		return nil, err
	}
	if a.Issued != nil {
		if err := a.Issued(ctx, id, &s); err != nil {
			return nil, err
		}
	}
	c := &credential{session: s, temporary: true, secret: key.Reveal(), edition: edition}
	a.opened.put(id, token, c)
	return c, nil
}

// remembered finds what was opened by the keys that are accepted now: a root key
// that has been retired opens nothing any more, from memory neither.
func (a *Authenticator) remembered(id, token string, edition uint64) *credential {
	c := a.opened.get(id, token)
	if c != nil && c.edition != edition {
		a.opened.drop(id, token)
		return nil
	}
	return c
}

// longTerm is a long-term key as the store has it now, or that it has none:
// what is unknown is kept like what is known, so that the time tells neither.
type longTerm struct {
	store.AccessKey
	active bool
}

// keyID is a long-term key's id as a request has it.
type keyID string

// Own returns it without the rest of the request.
func (k keyID) Own() keyID { return keyID(strings.Clone(string(k))) }

func loadKey(tx store.Tx, id string) (longTerm, error) {
	k, err := tx.AccessKey(id)
	if errors.Is(err, store.ErrNotFound) {
		return longTerm{}, nil
	}
	return longTerm{k, k.Status == "Active"}, err
}

// accessKey finds a user's long-term key as it is now, for it may be made
// inactive; the secret in it never changes and is kept opened. For a key that
// is unknown or inactive the decoy is looked up and opened instead.
func (a *Authenticator) accessKey(ctx context.Context, id string) (*credential, error) {
	row, err := a.keys.Read(ctx, a.Store, keyID(id), func(tx store.Tx) (longTerm, error) { return loadKey(tx, id) })
	if err != nil {
		return a.decoy.session(a.Keys), storeAway(fmt.Errorf("loading access key %q: %w", id, err))
	}
	k := row.AccessKey
	if !row.active {
		k = a.decoy.row(a.Keys)
	}
	edition := a.Keys.Edition()
	c := a.remembered(k.ID, string(k.Secret), edition)
	if c == nil {
		plain, err := a.Keys.OpenSecret(accessKeyLabel, k.ID, k.Secret)
		if err != nil {
			return a.decoy.session(a.Keys), fmt.Errorf("loading access key %q: %w", id, err)
		}
		c = &credential{secret: string(plain), edition: edition, session: principal.Session{Kind: principal.User, Account: k.Account, ID: k.UserID}}
		a.opened.put(k.ID, string(k.Secret), c)
	}
	if !row.active {
		return c, awserr.InvalidToken()
	}
	return c, nil
}

// decoy is a key that nobody has: a request in the name of an unknown one takes
// the same steps with it, and so the same time. The zero value is ready.
type decoy struct{ made atomic.Pointer[decoyKey] }

type decoyKey struct {
	edition uint64 // of the keyring that sealed it
	secret  string
	key     store.AccessKey
}

// row is the decoy as a long-term key.
func (d *decoy) row(keys *seal.Keyring) store.AccessKey { return d.make(keys).key }

// session is the decoy as a session that is used for the first time.
func (d *decoy) session(keys *seal.Keyring) *credential {
	return &credential{secret: d.make(keys).secret}
}

// make makes the decoy, and again when the keys have changed: one that cannot be
// opened would be answered like no other.
func (d *decoy) make(keys *seal.Keyring) *decoyKey {
	edition := keys.Edition()
	old := d.made.Load()
	if old != nil && old.edition == edition {
		return old
	}
	const id = "AKIAAAAAAAAAAAAAAAAA" // in no account: the bit before the account is not set
	secret := (rand.Text() + rand.Text())[:40]
	d.made.CompareAndSwap(old, &decoyKey{edition, secret, store.AccessKey{ID: id, Secret: keys.SealSecret(accessKeyLabel, id, []byte(secret))}})
	return d.made.Load()
}
