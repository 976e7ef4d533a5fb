package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/objects/s3"
	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/sojourntest/faultproxy"
)

// through is a store in a new bucket whose server is reached over addr.
func through(t *testing.T, addr string, partSize int64) (s *s3.Store, bucket string) {
	t.Helper()
	u := server.Bucket(t)
	bucket, _, _ = strings.Cut(strings.TrimPrefix(u, "s3://"), "?")
	return open(t, s3.Options{URL: strings.Replace(u, server.Addr, addr, 1), PartSize: partSize}), bucket
}

func file(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func put(t *testing.T, s *s3.Store, key string, content []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, file(t, content)); err != nil {
		t.Fatal(err)
	}
}

func fetched(t *testing.T, s *s3.Store, key string) ([]byte, error) {
	t.Helper()
	dst := filepath.Join(t.TempDir(), "dst")
	if err := s.Fetch(t.Context(), key, dst); err != nil {
		if _, statErr := os.Lstat(dst); statErr == nil {
			t.Error("a Fetch that failed left a file")
		}
		return nil, err
	}
	b, err := os.ReadFile(dst)
	if err != nil {
		t.Fatal(err)
	}
	return b, nil
}

var blob = bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB

// A Put whose answer was lost is asked for again and is no stranger's.
func TestPutWhoseAnswerIsLost(t *testing.T) {
	proxy := faultproxy.Start(t, server.Addr)
	s, _ := through(t, proxy.Addr, 0)
	proxy.LoseAnswer("PUT /", 0)
	put(t, s, "repos/r/packs/a.pack", []byte("pack"))
	if proxy.Lost() != 1 {
		t.Fatalf("%d answers were lost", proxy.Lost())
	}
	if err := s.Put(t.Context(), "repos/r/packs/a.pack", file(t, []byte("pack"))); !errors.Is(err, objects.ErrExists) {
		t.Errorf("another Put of the key: %v", err)
	}
}

// The same for the request that makes one object of its parts.
func TestPartsWhoseAnswerIsLost(t *testing.T) {
	proxy := faultproxy.Start(t, server.Addr)
	s, _ := through(t, proxy.Addr, 5<<20)
	big := bytes.Repeat(blob, 11)
	proxy.LoseAnswer("CompleteMultipartUpload", 0)
	put(t, s, "repos/r/packs/a.pack", big)
	if proxy.Lost() != 1 {
		t.Fatalf("%d answers were lost", proxy.Lost())
	}
	if got, err := fetched(t, s, "repos/r/packs/a.pack"); err != nil || !bytes.Equal(got, big) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// A download that breaks off goes on where it was.
func TestBrokenDownload(t *testing.T) {
	proxy := faultproxy.Start(t, server.Addr)
	s, _ := through(t, proxy.Addr, 0)
	put(t, s, "repos/r/packs/a.pack", blob)
	for _, at := range []int64{1, 1000, 500_000} {
		before := proxy.Lost()
		proxy.BreakOff(at)
		if got, err := fetched(t, s, "repos/r/packs/a.pack"); err != nil || !bytes.Equal(got, blob) {
			t.Errorf("broken off at %d: %d bytes, %v", at, len(got), err)
		}
		if proxy.Lost() == before {
			t.Errorf("nothing was broken off at %d", at)
		}
	}
}

// front answers for the server where fault does.
func front(t *testing.T, fault func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse("http://" + server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	l := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fault(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(l.Close)
	return strings.TrimPrefix(l.URL, "http://")
}

// A server that is busy is asked again; one that refuses is not.
func TestBusyServer(t *testing.T) {
	var left, asked atomic.Int64
	var status atomic.Int64
	addr := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		asked.Add(1)
		if left.Add(-1) < 0 {
			return false
		}
		w.WriteHeader(int(status.Load()))
		io.WriteString(w, "<Error><Code>SlowDown</Code><Message>\x1b[31mplease</Message></Error>")
		return true
	})
	s, _ := through(t, addr, 0)
	for _, code := range []int64{500, 503, 429} {
		status.Store(code)
		left.Store(2)
		put(t, s, "repos/r/packs/a"+http.StatusText(int(code))[:0]+string(rune('0'+code%7))+".pack", []byte("pack"))
	}
	status.Store(403)
	left.Store(100)
	asked.Store(0)
	err := s.Delete(t.Context(), "repos/r/packs/a.pack")
	if err == nil || asked.Load() != 1 || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("after %d requests: %q", asked.Load(), err)
	}
	status.Store(503)
	asked.Store(0)
	if err := s.Ping(t.Context()); err == nil || asked.Load() != 1 {
		t.Errorf("a Ping of a busy server: %v after %d requests", err, asked.Load())
	}
}

// What was changed in the store is not given out: not as a file, not to the end.
func TestDamagedBlob(t *testing.T) {
	s, bucket := through(t, server.Addr, 0)
	put(t, s, "repos/r/packs/a.pack", blob)
	f, err := os.OpenFile(server.File(bucket, "repos/r/packs/a.pack"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("X"), 1<<19); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := fetched(t, s, "repos/r/packs/a.pack"); err == nil || !strings.Contains(err.Error(), "not what was stored") {
		t.Errorf("Fetch of a damaged blob: %v", err)
	}
	r, err := s.Open(t.Context(), "repos/r/packs/a.pack")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.Copy(io.Discard, r); err == nil {
		t.Error("reading a damaged blob to its end: no error")
	}
}

// A server that is away is an error within the time that the caller has, and
// is met again by itself.
func TestServerIsAway(t *testing.T) {
	proxy := faultproxy.Start(t, server.Addr)
	s, _ := through(t, proxy.Addr, 0)
	put(t, s, "repos/r/packs/a.pack", blob)
	for what, fault := range map[string]func(){"cut": proxy.Cut, "silent": proxy.Silence} {
		fault()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := s.Ping(ctx); err == nil || errors.Is(err, objects.ErrNotFound) {
			t.Errorf("%s: Ping: %v", what, err)
		}
		if err := s.Put(ctx, "repos/r/packs/b.pack", file(t, blob)); err == nil {
			t.Errorf("%s: Put: no error", what)
		}
		cancel()
		proxy.Mend()
		if got, err := fetched(t, s, "repos/r/packs/a.pack"); err != nil || !bytes.Equal(got, blob) {
			t.Errorf("after %s: %d bytes, %v", what, len(got), err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"s3://bucket":                                                   "https://bucket.s3.us-east-1.amazonaws.com",
		"s3://bucket/a/b?region=eu-west-1":                              "https://bucket.s3.eu-west-1.amazonaws.com",
		"s3://bucket?endpoint=https://minio.example:9000":               "https://minio.example:9000",
		"s3://bucket?endpoint=https://minio.example:9000&style=virtual": "https://bucket.minio.example:9000",
		"s3://bucket?endpoint=http://127.0.0.1:9000":                    "http://127.0.0.1:9000",
		"s3://bucket?endpoint=http://minio:9000&plain-http=allow":       "http://minio:9000",
	} {
		if got, _, _, err := s3.Parse(in); err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", in, got, want, err)
		}
	}
	for _, bad := range []string{"", "s3:", "s3://", "s3://b", "s3://Bucket", "s3://bucket?endpoint=http://minio:9000", "s3://bucket?endpoint=ftp://x", "s3://a..b",
		"s3://key:word@bucket", "https://bucket", "s3://bucket/../x", "s3://bucket/A", "s3://bucket?unknown=1", "s3://bucket?region=", "s3://bucket?style=both",
		"s3://bucket?endpoint=https://x/path", "s3://bucket?ca=/nonexistent", "s3://127.0.0.1"} {
		if got, _, _, err := s3.Parse(bad); err == nil {
			t.Errorf("%q is taken as %q", bad, got)
		} else if strings.Contains(err.Error(), "word") {
			t.Errorf("%q: the error %q holds it", bad, err)
		}
	}
}

// Credentials in a file are read anew when it changes.
func TestCredentialsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	write := func(key string) {
		t.Helper()
		text := "[other]\naws_access_key_id = no\n[store]\n# temporary\naws_access_key_id = " + s3test.AccessKeyID + "\naws_secret_access_key=" + key + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": "store"}
	opt := s3.Options{URL: server.Bucket(t), Getenv: func(n string) string { return env[n] }, Now: time.Now}
	if _, err := s3.Open(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: %v", err)
	}
	write(s3test.SecretKey)
	s := open(t, opt)
	write("a-wrong-secret")
	if err := s.Ping(t.Context()); err == nil || strings.Contains(err.Error(), "a-wrong-secret") {
		t.Errorf("with a wrong secret: %v", err)
	}
	write(s3test.SecretKey)
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
