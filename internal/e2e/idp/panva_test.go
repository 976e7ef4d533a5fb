package idp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// script prepares a provider of testdata, with what it requires beside it.
func script(t *testing.T, name string, env ...string) *exec.Cmd {
	t.Helper()
	dir := files(t, map[string]string{name: read(t, filepath.Join("testdata", name))})
	if err := os.Symlink(part(t, "providers/node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("node", name)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	return c
}

// TestOIDCProvider signs in at the npm package oidc-provider.
func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	start(t, f.local("/.well-known/openid-configuration"),
		script(t, "oidc-provider.mjs", "ISSUER="+f.URL, "LISTEN="+f.backend, "CLIENT_SECRET="+clientSecret, "CALLBACK="+callback))
	w := newWorld(t, f)
	w.trusts(f.URL, "maria", tagged)
	signIn := func(login string) string {
		return newBrowser(t, f, map[string]string{"login": login, "password": "any"}).codeFlow(f.URL)
	}
	s := w.assume(webIdentity, signIn("maria"))
	checkWebIdentity(t, s, f.URL, "maria")
	w.clone(s)
	w.refuse("Not authorized to perform sts:AssumeRoleWithWebIdentity", webIdentity, signIn("jorge"))
}
