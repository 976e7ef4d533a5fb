package idp

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// dexSubject is Dex's subject of the user "maria" of its own password database:
// an encoding of the user's and the connector's id.
const dexSubject = "CgVtYXJpYRIFbG9jYWw"

// dex runs Dex, whose keys are in memory: a restart is a rotation.
func dex(t *testing.T, f *front) *process {
	t.Helper()
	dir := files(t, map[string]string{"dex.yaml": fmt.Sprintf(read(t, "testdata/dex.yaml"), f.URL+"/dex", f.backend, clientSecret, callback)})
	return start(t, f.local("/dex/healthz"), exec.Command(part(t, "bin/dex"), "serve", filepath.Join(dir, "dex.yaml")))
}

// TestDex signs in at Dex, before and after Dex changes its keys.
func TestDex(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	issuer := f.URL + "/dex"
	p := dex(t, f)
	w := newWorld(t, f)
	w.trusts(issuer, dexSubject, "")
	const keys = "/dex/keys"
	maria := map[string]string{"login": "maria@example.com", "password": "maria-secret"}
	signIn := func(knows map[string]string) string { return newBrowser(t, f, knows).codeFlow(issuer) }

	before := signIn(maria)
	s := w.assume(webIdentity, before)
	checkWebIdentity(t, s, issuer, dexSubject)
	w.clone(s)
	w.refuse("Not authorized to perform sts:AssumeRoleWithWebIdentity", webIdentity,
		signIn(map[string]string{"login": "jorge@example.com", "password": "maria-secret"}))

	p.stop()
	w.assume(webIdentity, before)
	if n := f.count(keys); n != 1 {
		t.Errorf("Dex's keys were asked for %d times with Dex up and down, want 1", n)
	}

	dex(t, f)
	after := signIn(maria)
	w.assume(webIdentity, before)
	w.Turn(time.Minute + time.Second) // for an unknown key a provider is asked once a minute
	w.clone(w.assume(webIdentity, after))
	if n := f.count(keys); n != 2 {
		t.Errorf("Dex's keys were asked for %d times, want once more after the rotation", n-1)
	}
	w.refuse("InvalidIdentityToken", webIdentity, before)
	if n := f.count(keys); n != 2 {
		t.Errorf("a withdrawn key made the server ask %d times more within a minute", n-2)
	}
}
