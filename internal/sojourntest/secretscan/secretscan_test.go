package secretscan

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	key    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKE"
	longer = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0BBQkNERUZHSElKS0xNTk9Q"
)

// A secret is found in every form that text may give it, and where half of it is cut off.
func TestForms(t *testing.T) {
	for _, secret := range []string{key, longer, "correct horse", "\x00\x01\x02raw\xffbytes\x80of\x81a\x82key"} {
		s := New()
		s.Know("secret", secret)
		for name, text := range map[string]string{
			"raw": secret, "in a line": "level=info cause=" + secret + " x=y", "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
			"hex": hex.EncodeToString([]byte(secret)), "quoted": fmt.Sprintf("%q", secret),
			"base 64": base64.StdEncoding.EncodeToString([]byte(secret)), "basic": base64.StdEncoding.EncodeToString([]byte("u:" + secret)),
			"basic of two": base64.StdEncoding.EncodeToString([]byte("us:" + secret)), "base 64 for URLs": base64.RawURLEncoding.EncodeToString([]byte("x" + secret)),
		} {
			if got := s.In("2026 " + text + "\n"); !slices.Equal(got, []string{"secret"}) {
				t.Errorf("%.10q %s: found %v in %q", secret, name, got, text)
			}
		}
	}
	s := New()
	s.Know("token", longer)
	if s.In(longer[:50]) == nil || s.In(longer[50:]) == nil {
		t.Error("half a token is not found")
	}
	if got := s.In(strings.ToLower(longer) + " and " + key); got != nil {
		t.Errorf("found %v where it is not", got)
	}
}

func TestCodes(t *testing.T) {
	s := New()
	s.Know("code", "123456")
	for text, want := range map[string]bool{
		"code 123456 is wrong": true, "TokenCode=123456&x": true, `"tokenCode":"123456"`: true, "123456": true, "'123456 ' at": true,
		"1234567": false, `"took":123456,`: false, "12:00:00.123456Z": false, "x123456": false, "-123456-": false, "654321": false,
	} {
		if got := s.In(text) != nil; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// What is made up of few characters, or is short, is no secret.
func TestPlain(t *testing.T) {
	s := New()
	for _, text := range []string{strings.Repeat("a", 400), "token", "", strings.Repeat("ab", 30)} {
		s.Know("token", text)
		if got := s.In("x " + text + " y"); got != nil {
			t.Errorf("%.20q: %v", text, got)
		}
	}
}

// What goes in and out of a server is known by its name, whatever the protocol,
// and the text of a refusal is looked at, in the end.
func TestHandler(t *testing.T) {
	secret := func(n int) string {
		sum := sha256.Sum256([]byte{byte(n)})
		return hex.EncodeToString(sum[:])
	}
	s := New()
	answer, status := "", 200
	h := s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		new(bytes.Buffer).ReadFrom(r.Body)
		w.WriteHeader(status)
		w.Write([]byte(answer))
	}))
	ask := func(body, says string, code int, header ...string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, status = says, code
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("Action=X&WebIdentityToken="+secret(1)+"&NextToken="+secret(90), "<A><SecretAccessKey>"+secret(2)+"</SecretAccessKey><Marker>"+secret(91)+"</Marker></A>", 200)
	ask(`{"a":[{"Password":"`+secret(3)+`"}]}`, `{"credentialSet":[{"credentials":{"sessionToken":"`+secret(4)+`"}}],"nextToken":"`+secret(92)+`"}`, 200)
	ask("", "", 200, "X-Amz-Security-Token", secret(5), "Authorization", "AWS4-HMAC-SHA256 Credential=A/b, Signature="+secret(6))
	ask("TokenCode=123456", "", 200, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("AKID%"+secret(7)+":20261126T183457Z"+secret(8))))
	for n := 1; n <= 8; n++ {
		if s.In(secret(n)) == nil {
			t.Errorf("secret %d is not known", n)
		}
	}
	for n := 90; n <= 92; n++ {
		if s.In(secret(n)) != nil {
			t.Errorf("text %d counts as a secret", n)
		}
	}
	if s.In("20261126T183457Z"+secret(93)[:32]) != nil {
		t.Error("the time in a Git password counts as a secret")
	}
	ask("Password="+secret(9), "the password "+secret(9)+" is wrong", 403)
	s.Keep("error text: before", "leaks "+secret(10))
	s.Know("late", secret(10))
	if found, _ := s.Report(); !slices.Equal(found, []string{"Password in error text: /", "late in error text: before"}) {
		t.Errorf("found %q", found)
	}
}

// TestFiles: in files and modes, where none may be and where some may.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"keys/root.json": 0o600, "keys/wide": 0o640, "log": 0o600, "endpoint": 0o644, "odd": 0o644} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte("x "+key), mode); err != nil {
			t.Fatal(err)
		}
	}
	s := New()
	s.Know("key", key)
	err := s.Files("file", dir, Rules{Holds: func(n string) bool { return strings.HasPrefix(n, "keys/") }, Open: func(n string) bool { return n == "endpoint" }})
	found, summary := s.Report()
	want := []string{"key in file: endpoint", "key in file: keys/wide", "key in file: log", "key in file: odd", "mode -rw-r----- of file: keys/wide", "mode -rw-r--r-- of file: odd"}
	if err != nil || !slices.Equal(found, want) || !strings.Contains(summary, "1 secrets known") {
		t.Errorf("%v\n%q\n%q\n%s", err, found, want, summary)
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root.json")
	root := base64.StdEncoding.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv"))
	os.WriteFile(path, []byte(`{"version":1,"generations":[{"root":"`+root+`"}]}`), 0o600)
	s := New()
	if err := s.KnowKeys("root", path); err != nil || s.In("x"+root) == nil || s.In("0123456789abcdefghijklmnopqrstuv") == nil {
		t.Error("the root key is not known", err)
	}
}
