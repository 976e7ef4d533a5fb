package authn

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/throttle"
)

// gitAs signs in to Git with a key, from an address.
func (w *world) gitAs(c sigv4.Credentials, from string) error {
	w.t.Helper()
	_, err := w.Git(w.t.Context(), sigv4.GitUser(c), sigv4.GitPassword(c.Secret, region, host, repo, w.now).Reveal(), host, repo,
		RequestInfo{SourceIP: netip.MustParseAddr(from)})
	return err
}

// looked is how many of n wrong signatures were looked at before Throttling.
func (w *world) looked(n int, try func(i int) error) (looked int) {
	w.t.Helper()
	for i := range n {
		err := try(i)
		if err == nil {
			w.t.Fatal("a wrong signature was accepted")
		}
		if e, _ := errors.AsType[*awserr.Error](err); e == nil || e.Code != awserr.Throttling {
			looked++
		} else if e.Wait <= 0 {
			w.t.Fatalf("no wait in %v", err)
		}
	}
	return looked
}

// TestAttackThrottled: wrong signatures of a key, and of many, stop being
// answered one by one; whose signature is right never waits for it.
func TestAttackThrottled(t *testing.T) {
	w := newWorld(t)
	w.Throttle = throttle.New(throttle.Options{Now: w.Now})
	const bad, other = "192.0.2.1", "192.0.2.2"
	maria := sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: secret.New("maria's secret")}
	wrong := sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: secret.New("a guess")}

	if got := w.looked(500, func(int) error { return w.gitAs(wrong, bad) }); got != 60 {
		t.Errorf("%d wrong signatures of one key were looked at, want 60", got)
	}
	for _, from := range []string{bad, other} {
		if err := w.gitAs(maria, from); err != nil {
			t.Errorf("the key's owner at %s: %v", from, err)
		}
	}
	if got := w.looked(3000, func(i int) error {
		return w.gitAs(sigv4.Credentials{AccessKeyID: fmt.Sprintf("AKIA%016d", i), Secret: secret.New("x")}, bad)
	}); got != 1000-60 {
		t.Errorf("%d unknown keys were looked at, want %d", got, 1000-60)
	}
	session := w.session(principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"})
	for range 10_000 {
		if err := w.gitAs(session, bad); err != nil {
			t.Fatalf("a fleet at that address: %v", err)
		}
	}
	session.Token = strings.ToUpper(session.Token)
	if got := w.looked(3000, func(int) error { return w.gitAs(session, other) }); got != 60 {
		t.Errorf("%d damaged tokens were looked at, want 60", got)
	}
}

// A session that has expired is nobody's guess: its holder is told so however
// often a job asks.
func TestExpiredIsNotThrottled(t *testing.T) {
	w := newWorld(t)
	w.Throttle = throttle.New(throttle.Options{Now: w.Now})
	session := w.session(principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"})
	w.now = w.now.Add(2 * time.Hour)
	for range 2000 {
		if err := w.gitAs(session, "192.0.2.1"); !awserr.Is(err, awserr.ExpiredToken) {
			t.Fatal(err)
		}
	}
}
