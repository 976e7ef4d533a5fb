package sojourntest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const plant = "SOJOURN_TEST_PLANT"

func TestMain(m *testing.M) {
	if os.Getenv(plant) != "" {
		os.Exit(Run(m))
	}
	os.Exit(m.Run())
}

// planted are leaks of what a server gives and is given, each in a place where the
// scan has to find it, and what it then says.
var planted = map[string]struct {
	leak func(t *testing.T, s *Server, secret string)
	says string
}{
	"nothing": {func(*testing.T, *Server, string) {}, ""},
	"log":     {func(_ *testing.T, s *Server, secret string) { fmt.Fprintf(s.Logs, "level=DEBUG token=%s\n", secret) }, "secret key in log: of a server"},
	"audit record": {func(t *testing.T, s *Server, secret string) {
		put(t, filepath.Join(s.Data, "audit", "2026-11-24.jsonl"), `{"errorMessage":"`+secret+`"}`, 0o600)
	}, "secret key in file of a server: audit/2026-11-24.jsonl"},
	"file that others may read": {func(t *testing.T, s *Server, _ string) {
		put(t, filepath.Join(s.Data, "keys", "copy"), "x", 0o644)
	}, "mode -rw-r--r-- of file of a server: keys/copy"},
	"the audit log's key outside its file": {func(t *testing.T, s *Server, _ string) {
		b, err := os.ReadFile(filepath.Join(s.Data, "keys", "audit.pem"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		fmt.Fprintf(s.Logs, "key=%x\n", block.Bytes)
	}, "key in audit.pem in log: of a server"},
	"the root key outside its file": {func(t *testing.T, s *Server, _ string) {
		b, err := os.ReadFile(filepath.Join(s.Data, "keys", "root.json"))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(s.Data, "cache", "root"), string(b), 0o600)
	}, "key in root.json in file of a server: cache/root"},
	"trace of git": {func(_ *testing.T, s *Server, secret string) {
		s.Shell().Set("PLANTED", secret).Run("sh", "-c", `echo "> Authorization: $PLANTED" >>"$GIT_TRACE_CURL"`)
	}, "secret key in trace of git: curl"},
	"standard error": {func(_ *testing.T, s *Server, secret string) {
		s.Shell().Set("PLANTED", secret).Run("sh", "-c", `echo "cannot use $PLANTED" >&2`)
	}, "secret key in printed by: sh"},
	"argument": {func(_ *testing.T, s *Server, secret string) { s.Shell().Run("sh", "-c", "sleep 1; : "+secret) }, "secret key in arguments: sh"},
	"environment of the server's own": {func(t *testing.T, _ *Server, secret string) {
		c := exec.CommandContext(t.Context(), "sleep", "1")
		c.Env = []string{"PLANTED=" + secret}
		if err := c.Run(); err != nil {
			t.Fatal(err)
		}
	}, "secret key in environment: sleep"},
	"Git password that nobody has told of": {func(_ *testing.T, s *Server, _ string) {
		fmt.Fprintf(s.Logs, "password=20261124T100000Z%s\n", strings.Repeat("0a", 32))
	}, "some Git password in log: of a server"},
	"password that a request brought": {func(t *testing.T, s *Server, _ string) {
		const password = "correct-horse-battery"
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", strings.NewReader("Action=AssumeRoleWithLDAPIdentity&Version=2011-06-15&Password="+password))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := s.client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		fmt.Fprintf(s.Logs, "level=DEBUG form=%q\n", "Password="+password)
	}, "Password in log: of a server"},
}

func (s *Server) client() *http.Client {
	pem, err := os.ReadFile(s.CA())
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// TestPlant is one leak, in a process of its own.
func TestPlant(t *testing.T) {
	p, ok := planted[os.Getenv(plant)]
	if !ok {
		return // TestPlantedLeaks runs it
	}
	s := Start(t)
	p.leak(t, s, s.Root("").Secret.Reveal())
}

// TestPlantedLeaks: a run of tests fails by a secret in any place where none may be.
func TestPlantedLeaks(t *testing.T) {
	for name, p := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlant$")
			c.Env = append(os.Environ(), plant+"="+name)
			out, err := c.CombinedOutput()
			if p.says == "" {
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				return
			}
			if err == nil || !strings.Contains(string(out), "LEAK: "+p.says+"\n") || strings.Contains(string(out), "--- FAIL") {
				t.Errorf("it does not find %q: %v\n%s", p.says, err, out)
			}
		})
	}
}
