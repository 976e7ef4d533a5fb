package oidc

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// database is a store for the keys of one test.
func database(t *testing.T) store.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sojourn.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// node is a verifier that has just started on db.
func (p *provider) node(t *testing.T, db store.Store) *Verifier {
	return New(Options{Fetch: p, Now: p.clock, Store: db, Report: func(err error) { t.Error(err) }})
}

// run verifies a token on a node that starts on db and ends.
func (p *provider) run(t *testing.T, db store.Store, kid string) (*Identity, error) {
	v := p.node(t, db)
	defer v.Close()
	return v.Verify(t.Context(), p.token(kid), find)
}

// TestStartDuringOutage: a node that starts while the provider is down knows the
// keys of the last fetch of any node, for a day behind it, and says that they are stale.
func TestStartDuringOutage(t *testing.T) {
	p, db := newProvider(), database(t)
	if _, err := p.run(t, db, "rsa"); err != nil {
		t.Fatal(err)
	}
	p.down = errDown
	p.turn(staleMax)
	if id, err := p.run(t, db, "rsa"); err != nil || !id.StaleKeys {
		t.Errorf("within a day: %+v, %v", id, err)
	}
	_, err := p.run(t, db, "absent")
	wantCode(t, "an unknown key", err, unreachableCode)
	p.turn(time.Second)
	_, err = p.run(t, db, "rsa")
	wantCode(t, "after a day", err, unreachableCode)
}

// TestWithdrawnKeyLeavesTheShelf: the provider is down for an hour and known
// keys go on; one that it has withdrawn meanwhile is refused from the next good
// fetch on, and stays refused over a restart in a further outage.
func TestWithdrawnKeyLeavesTheShelf(t *testing.T) {
	p, db := newProvider(), database(t)
	v := p.node(t, db)
	verify := func(v *Verifier, kid, code string) {
		t.Helper()
		_, err := v.Verify(t.Context(), p.token(kid), find)
		wantCode(t, kid, err, code)
	}
	p.keys = []any{jwk(keyring().rsa, "old", nil)}
	verify(v, "old", "")
	p.down = errDown
	p.turn(time.Hour)
	verify(v, "old", "")
	p.keys, p.down = []any{jwk(keyring().rsa, "new", nil)}, nil
	p.turn(failureGap)
	verify(v, "old", badToken)
	verify(v, "new", "")
	v.Close()
	p.down = errDown
	next := p.node(t, db)
	verify(next, "new", "")
	verify(next, "old", unreachableCode)
}

// TestOtherNodesWithdrawal: a node that cannot reach the provider takes the set
// that another has fetched later.
func TestOtherNodesWithdrawal(t *testing.T) {
	p, db := newProvider(), database(t)
	p.keys = []any{jwk(keyring().rsa, "old", nil)}
	here := p.node(t, db)
	if _, err := here.Verify(t.Context(), p.token("old"), find); err != nil {
		t.Fatal(err)
	}
	here.Close()
	p.turn(maxFresh)
	p.keys = []any{jwk(keyring().rsa, "new", nil)}
	if _, err := p.run(t, db, "new"); err != nil {
		t.Fatal(err)
	}
	p.down = errDown
	_, err := here.Verify(t.Context(), p.token("old"), find)
	wantCode(t, "withdrawn", err, unreachableCode)
	_, err = here.Verify(t.Context(), p.token("new"), find)
	wantCode(t, "new", err, "")
}

// TestKeptKeysNeedARegistration: what lies in the store is no registration.
func TestKeptKeysNeedARegistration(t *testing.T) {
	p, db := newProvider(), database(t)
	if _, err := p.run(t, db, "rsa"); err != nil {
		t.Fatal(err)
	}
	p.down = errDown
	nobody := func(string) (store.OIDCProvider, error) { return store.OIDCProvider{}, store.ErrNotFound }
	_, err := p.node(t, db).Verify(t.Context(), p.token("rsa"), nobody)
	wantCode(t, "an issuer that is registered no more", err, badToken)
}

// TestKeptKeysAreCheckedAgain: what the store holds passes the same checks as
// what a provider answers, and a set from the future is none.
func TestKeptKeysAreCheckedAgain(t *testing.T) {
	p, db := newProvider(), database(t)
	p.down = errDown
	put := func(keys string, fetched time.Time) {
		err := db.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.DropIssuerKeys(start.Add(time.Hour*1000)), tx.PutIssuerKeys(store.IssuerKeys{Issuer: issuer, Keys: []byte(keys), Fetched: fetched}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	good := string(text(map[string]any{"keys": []any{jwk(keyring().rsa, "rsa", nil)}}))
	for _, x := range []struct {
		name, keys string
		fetched    time.Time
		code       string
		told       bool
	}{
		{"good", good, start, "", false},
		{"of the future", good, start.Add(2 * time.Minute), unreachableCode, false},
		{"a shared secret", `{"keys":[{"kty":"oct","kid":"rsa","k":"AAAA"}]}`, start, unreachableCode, true},
		{"damaged", `{"keys":`, start, unreachableCode, true},
	} {
		put(x.keys, x.fetched)
		told := false
		v := New(Options{Fetch: p, Now: p.clock, Store: db, Report: func(error) { told = true }})
		_, err := v.Verify(t.Context(), p.token("rsa"), find)
		wantCode(t, x.name, err, x.code)
		if told != x.told {
			t.Errorf("%s: reported %v", x.name, told)
		}
	}
}

// TestDamageOnTheShelf: a later set that cannot be read does not replace what is in memory.
func TestDamageOnTheShelf(t *testing.T) {
	p, db := newProvider(), database(t)
	v := New(Options{Fetch: p, Now: p.clock, Store: db, Report: func(error) {}})
	if _, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil {
		t.Fatal(err)
	}
	v.Close()
	p.turn(maxFresh)
	p.down = errDown
	err := db.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutIssuerKeys(store.IssuerKeys{Issuer: issuer, Keys: []byte("{"), Fetched: p.clock()})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "the keys in memory", err, "")
}

// stuck is a store that takes nothing until it is let go.
type stuck struct {
	store.Store
	gate chan struct{}
}

func (s stuck) Update(context.Context, func(store.Tx) error) error {
	<-s.gate
	return errors.New("disk full")
}

// TestKeepingHoldsNobodyUp: a store that hangs or fails refuses no token.
func TestKeepingHoldsNobodyUp(t *testing.T) {
	p := newProvider()
	s := stuck{database(t), make(chan struct{})}
	var told string
	v := New(Options{Fetch: p, Now: p.clock, Store: s, Report: func(err error) { told = err.Error() }})
	if _, err := v.Verify(t.Context(), p.token("rsa"), find); err != nil {
		t.Error(err)
	}
	close(s.gate)
	v.Close()
	if !strings.Contains(told, issuer) || !strings.Contains(told, "disk full") {
		t.Errorf("reported %q", told)
	}
}

// TestOldSetsAreDropped: sets that nobody may use any more are gone with the next that is kept.
func TestOldSetsAreDropped(t *testing.T) {
	p, db := newProvider(), database(t)
	v := p.node(t, db)
	v.keys.shelf.put("https://gone.example", []jose.JSONWebKey{{Key: keyring().rsa.Public(), KeyID: "k"}}, start)
	v.Close()
	p.turn(staleMax + time.Second)
	if _, err := p.run(t, db, "rsa"); err != nil {
		t.Fatal(err)
	}
	keys, _ := v.keys.shelf.take(t.Context(), "https://gone.example")
	if kept, at := v.keys.shelf.take(t.Context(), issuer); keys != nil || kept == nil || !at.Equal(p.clock()) {
		t.Errorf("old set %v, new set %v of %s", keys, kept, at)
	}
}

// give is what an operator does; no keys takes them back.
func give(t *testing.T, db store.Store, keys ...any) {
	t.Helper()
	err := db.Update(t.Context(), func(tx store.Tx) error {
		if len(keys) == 0 {
			return tx.RemoveGivenIssuerKeys(issuer)
		}
		set, _, err := PublicKeys(text(map[string]any{"keys": keys}))
		return errors.Join(err, tx.GiveIssuerKeys(store.IssuerKeys{Issuer: issuer, Keys: set, Fetched: start}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGivenKeys: an issuer whose keys are given is not asked, however long it
// takes, and a change counts within a minute; so does taking them back.
func TestGivenKeys(t *testing.T) {
	p, db := newProvider(), database(t)
	give(t, db, jwk(keyring().rsa, "given", nil))
	v := p.node(t, db)
	defer v.Close()
	verify := func(kid, code string) {
		t.Helper()
		id, err := v.Verify(t.Context(), p.token(kid), find)
		wantCode(t, kid, err, code)
		if err == nil && id.StaleKeys {
			t.Errorf("%s is stale", kid)
		}
	}
	verify("given", "")
	verify("rsa", badToken) // as the provider itself would have it
	p.turn(1000 * time.Hour)
	verify("given", "")
	give(t, db, jwk(keyring().rsa, "next", nil))
	p.turn(givenFresh)
	verify("next", "")
	verify("given", badToken)
	if p.fetches != 0 {
		t.Errorf("%d fetches", p.fetches)
	}
	p.down = errDown
	give(t, db)
	p.turn(givenFresh)
	verify("next", unreachableCode)
	p.down = nil
	p.turn(failureGap)
	verify("rsa", "")
}

// TestGivenKeysThatCannotBeRead: whether there are some is not guessed.
func TestGivenKeysThatCannotBeRead(t *testing.T) {
	p, db := newProvider(), database(t)
	v := p.node(t, db)
	db.Close()
	_, err := v.Verify(t.Context(), p.token("rsa"), find)
	wantCode(t, "without the store", err, unreachableCode)
	if p.fetches != 0 {
		t.Errorf("%d fetches", p.fetches)
	}
}

// TestPublicKeys: of a file with private and unfit keys only the public, fit ones are taken.
func TestPublicKeys(t *testing.T) {
	k := keyring()
	set, ids, err := PublicKeys(text(map[string]any{"keys": []any{
		jwk(k.rsa, "a", map[string]any{"d": "c2VjcmV0"}), jwk(k.p256, "b", map[string]any{"x5c": []string{"c2VjcmV0"}}), jwk(k.small, "c", nil), map[string]any{"kty": "oct", "k": "c2VjcmV0"}}}))
	if err != nil || strings.Join(ids, " ") != "b" || strings.Contains(string(set), "c2VjcmV0") {
		t.Errorf("%s, %q, %v", set, ids, err)
	}
	if _, _, err := PublicKeys([]byte(`{"keys":[]}`)); err == nil {
		t.Error("no keys are keys")
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		key := jwk(k.rsa, "a", map[string]any{member: "AQAB"})
		if set, _, err := PublicKeys(text(map[string]any{"keys": []any{key}})); err == nil {
			t.Errorf("a key with %q is taken: %s", member, set)
		}
	}
	most := slices.Repeat([]any{jwk(k.rsa, "a", nil)}, maxKeys)
	if _, ids, err := PublicKeys(text(map[string]any{"keys": most})); err != nil || len(ids) != maxKeys {
		t.Errorf("%d keys: %d, %v", maxKeys, len(ids), err)
	}
}
