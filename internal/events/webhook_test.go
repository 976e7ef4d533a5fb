package events

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

var testPeer = outbound.Peer{Name: "a webhook", Allow: "events-allow-cidr", CA: "events-ca"}

// receiver is a server for webhooks and the client's options to reach it.
func receiver(t *testing.T, h http.HandlerFunc) (url string, opt outbound.Options) {
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, outbound.Options{CAFile: ca, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Peer: testPeer}
}

func webhook(t *testing.T, url string, opt outbound.Options) *Webhook {
	t.Helper()
	c, err := outbound.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return NewWebhook(url, c, secret.New(strings.Repeat("k", 32)), func() time.Time { return time.Unix(1_800_000_000, 0) })
}

func TestWebhook(t *testing.T) {
	const payload = `{"id":"0f1e","detail":{}}`
	var got *http.Request
	var body []byte
	url, opt := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	})
	if err := webhook(t, url+"/hook?token=x", opt).Deliver(t.Context(), []byte(payload)); err != nil {
		t.Fatal(err)
	}
	// openssl: printf '0f1e.1800000000.{"id":"0f1e","detail":{}}' | openssl dgst -sha256 -hmac kkkk… -binary | base64
	for name, want := range map[string]string{"Webhook-Id": "0f1e", "Webhook-Timestamp": "1800000000", "Content-Type": "application/json", "Webhook-Signature": "v1,S5Q6ncfGNKkhBiwaASKs1db5IZPMLzQoxpN9aqXQAp0="} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: %s, want %s", name, v, want)
		}
	}
	if got.Method != "POST" || got.URL.String() != "/hook?token=x" || string(body) != payload {
		t.Errorf("%s %s %s", got.Method, got.URL, body)
	}
}

// What a receiver, or who has its name, could do to us.
func TestHostileReceivers(t *testing.T) {
	var inside atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer trap.Close()
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
	}
	for name, c := range map[string]struct {
		h       http.HandlerFunc
		change  func(*outbound.Options)
		want    string // "" for delivered
		refused bool
	}{
		"redirect":          {h: redirect, want: "status 307"},
		"endless answer":    {h: endless},
		"error":             {h: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, want: "status 500"},
		"too many":          {h: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(429) }, want: "status 429"},
		"refusal":           {h: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(422) }, want: "status 422", refused: true},
		"private address":   {change: func(o *outbound.Options) { o.Allow = nil }, want: "events-allow-cidr"},
		"unknown authority": {change: func(o *outbound.Options) { o.CAFile = "" }, want: "certificate"},
		"cut off":           {h: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.h == nil {
				c.h = func(http.ResponseWriter, *http.Request) {}
			}
			url, opt := receiver(t, c.h)
			if c.change != nil {
				c.change(&opt)
			}
			err := webhook(t, url+"/path-token?query=token", opt).Deliver(t.Context(), []byte(`{"id":"1"}`))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrRefused) != c.refused {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "token") {
				t.Errorf("the error shows what is secret in the URL: %v", err)
			}
		})
	}
	if n := inside.Load(); n != 0 {
		t.Errorf("%d requests went where a receiver pointed", n)
	}
}

// What is about the event ends its tries; what is about the receiver does not.
func TestWhatIsARefusal(t *testing.T) {
	status := 0
	url, opt := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook := webhook(t, url, opt)
	for code, refused := range map[int]bool{400: true, 401: false, 403: false, 404: false, 408: false, 409: true, 410: true, 413: true, 422: true, 425: false, 429: false, 499: true, 500: false, 503: false} {
		status = code
		if err := hook.Deliver(t.Context(), []byte(`{"id":"1"}`)); err == nil || errors.Is(err, ErrRefused) != refused {
			t.Errorf("%d: %v, a refusal: %t", code, err, !refused)
		}
	}
	if err := hook.Deliver(t.Context(), []byte(`{"id":`)); !errors.Is(err, ErrRefused) {
		t.Errorf("an event that is none: %v", err)
	}
	for size, want := range map[int]bool{minKey: true, maxKey: true} {
		path := filepath.Join(t.TempDir(), "key")
		os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(make([]byte, size))), 0o600)
		if key, err := ReadKey(path); (err == nil) != want || len(key.Reveal()) != size {
			t.Errorf("a key of %d bytes: %v", size, err)
		}
	}
	if _, err := ReadKey(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
}

func TestReadKey(t *testing.T) {
	good := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	for text, want := range map[string]bool{good: true, "whsec_" + good + "\n": true, "": false, "secret": false, good[:20]: false, good + good + good: false,
		"not base64!": false, base64.StdEncoding.EncodeToString(make([]byte, minKey-1)): false, base64.StdEncoding.EncodeToString(make([]byte, maxKey+1)): false} {
		path := filepath.Join(t.TempDir(), "key")
		os.WriteFile(path, []byte(text), 0o600)
		key, err := ReadKey(path)
		if (err == nil) != want || want && key.Reveal() != strings.Repeat("k", 32) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows the key: %v", err)
		}
		if err != nil && (!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "24 to 64 bytes")) {
			t.Errorf("%q: %v", text, err)
		}
		os.Chmod(path, 0o640)
		if _, err := ReadKey(path); err == nil || !strings.Contains(err.Error(), "0600") {
			t.Errorf("a key that others may read: %v", err)
		}
	}
}
