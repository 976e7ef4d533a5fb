package githttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/git"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/principal"
	"sojourn/internal/server/event"
	"sojourn/internal/server/githttp"
)

// world is both parts behind the door: it notes what it is asked and answers as told.
type world struct {
	asked []string
	err   error
	serve func(ctx context.Context, in io.Reader, out io.Writer) error
}

func (w *world) note(format string, args ...any) {
	w.asked = append(w.asked, fmt.Sprintf(format, args...))
}

func (w *world) Git(_ context.Context, user, password, host, path string, info authn.RequestInfo) (*principal.Caller, error) {
	w.note("auth %s %s %s %v", user, password, path, info.Secure)
	switch user {
	case "expired":
		return nil, awserr.Expired()
	case "throttled":
		return nil, awserr.TooSoon(2001*time.Millisecond, "too many")
	case "malformed":
		return nil, awserr.Validation("The password is not of its form.")
	}
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: "111122223333"}}, nil
}

func (w *world) Advertise(_ context.Context, _ *principal.Caller, name string, s gitproto.Service, version int) ([]byte, error) {
	w.note("advertise %s %s %d", name, s, version)
	return []byte("refs"), w.err
}

func (w *world) UploadPack(ctx context.Context, _ *principal.Caller, name string, version int, in io.Reader, out io.Writer) error {
	w.note("upload %s %d", name, version)
	return w.exchange(ctx, in, out)
}

func (w *world) ReceivePack(ctx context.Context, _ *principal.Caller, name string, in io.Reader, out io.Writer) error {
	w.note("receive %s", name)
	return w.exchange(ctx, in, out)
}

func (w *world) exchange(ctx context.Context, in io.Reader, out io.Writer) error {
	if w.serve != nil {
		return w.serve(ctx, in, out)
	}
	if w.err != nil {
		return w.err
	}
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "got %d", len(b))
	return err
}

func start(t *testing.T, w *world, silence time.Duration) *httptest.Server {
	s := httptest.NewServer(githttp.New(githttp.Options{Auth: w, Git: w, Silence: silence}))
	t.Cleanup(s.Close)
	return s
}

// ask sends a request; header has names and values in turn.
func ask(t *testing.T, s *httptest.Server, method, path string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("AKID%token", "password")
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "User" {
			r.SetBasicAuth(header[i+1], "password")
		}
	}
	if r.Header.Get("User") == "-" {
		r.Header.Del("Authorization")
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "broken: " + err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res, "broken: " + err.Error()
	}
	return res, string(b)
}

const (
	refs    = "/info/refs?service=git-upload-pack"
	upload  = "application/x-git-upload-pack-request"
	receive = "application/x-git-receive-pack-request"
)

// TestAnswers has one line for each way through the door.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		err                      error
		status                   int
		want                     string // in the answer
		asked                    string // the last thing asked
	}{
		{"refs", "GET", "demo" + refs, "", nil, nil, 200, "refs", "advertise demo git-upload-pack 0"},
		{"refs of a push", "GET", "demo/info/refs?service=git-receive-pack", "", nil, nil, 200, "refs", "advertise demo git-receive-pack 0"},
		{"version 1", "GET", "demo" + refs, "", []string{"Git-Protocol", "version=1"}, nil, 200, "refs", "advertise demo git-upload-pack 1"},
		{"version 2 among others", "GET", "demo" + refs, "", []string{"Git-Protocol", "x:version=2:version=1:y=z"}, nil, 200, "refs", "advertise demo git-upload-pack 2"},
		{"version 3", "GET", "demo" + refs, "", []string{"Git-Protocol", "version=3"}, nil, 200, "refs", "advertise demo git-upload-pack 0"},
		{"fetch", "POST", "demo/git-upload-pack", "0000", []string{"Content-Type", upload, "Git-Protocol", "version=2"}, nil, 200, "got 4", "upload demo 2"},
		{"push", "POST", "a.b_c-D9/git-receive-pack", "0000", []string{"Content-Type", receive}, nil, 200, "got 4", "receive a.b_c-D9"},
		{"name of a dash", "GET", "-x" + refs, "", nil, nil, 200, "refs", "advertise -x git-upload-pack 0"},
		{"longest name", "GET", strings.Repeat("a", 100) + refs, "", nil, nil, 200, "refs", "advertise " + strings.Repeat("a", 100) + " git-upload-pack 0"},

		{"no credentials", "GET", "demo" + refs, "", []string{"User", "-"}, nil, 401, "codecommit://", ""},
		{"expired", "GET", "demo" + refs, "", []string{"User", "expired"}, nil, 403, "The security token included in the request is expired\n", "auth expired password /v1/repos/demo false"},
		{"expired, to our helper", "GET", "demo" + refs, "", []string{"User", "expired", "Prefer", "refused-session=401"}, nil, 401, "The security token included in the request is expired\n", "auth expired password /v1/repos/demo false"},
		{"denied, to our helper", "GET", "demo" + refs, "", []string{"Prefer", "refused-session=401"}, awserr.Denied("Not you"), 403, "Not you. Ask an administrator of the account to allow it.\n", "advertise demo git-upload-pack 0"},
		{"malformed password", "POST", "demo/git-receive-pack", "0000", []string{"User", "malformed", "Content-Type", receive}, nil, 403, "The password is not of its form.\n", "auth malformed password /v1/repos/demo false"},
		{"throttled", "GET", "demo" + refs, "", []string{"User", "throttled"}, nil, 429, "Rate exceeded: too many. Try again in 3 seconds.\n", "auth throttled password /v1/repos/demo false"},
		{"denied", "GET", "demo" + refs, "", nil, awserr.Denied("Not you"), 403, "Not you. Ask an administrator of the account to allow it.\n", "advertise demo git-upload-pack 0"},
		{"denied push", "POST", "demo/git-receive-pack", "0000", []string{"Content-Type", receive}, awserr.Denied("Not you"), 403, "Not you. Ask an administrator of the account to allow it.\n", "receive demo"},
		{"absent", "GET", "demo" + refs, "", nil, git.ErrNoRepository, 404, "There is no such repository.\n", "advertise demo git-upload-pack 0"},
		{"fault of ours", "GET", "demo" + refs, "", nil, errors.New("secret /var/lib"), 500, "unknown error", "advertise demo git-upload-pack 0"},
		{"busy", "POST", "demo/git-upload-pack", "0000", []string{"Content-Type", upload}, awserr.New(awserr.ServiceUnavailable, 503, "Busy."), 503, "Busy.\n", "upload demo 0"},

		{"no name", "GET", refs[1:], "", nil, nil, 404, "There is no such repository.", ""},
		{"dots", "GET", ".." + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"escaped dots", "GET", "%2e%2e" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"escaped slash", "GET", "a%2fb" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"escaped letter", "GET", "%64emo" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"dot git", "GET", "demo.git" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"two levels", "GET", "a/b" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"too long a name", "GET", strings.Repeat("a", 101) + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"space", "GET", "a%20b" + refs, "", nil, nil, 404, "There is no such repository.", ""},
		{"no verb", "GET", "demo", "", nil, nil, 404, "There is no such repository.", ""},
		{"slash behind", "GET", "demo/", "", nil, nil, 404, "There is no such repository.", ""},
		{"dumb protocol", "GET", "demo/info/refs", "", nil, nil, 403, "Only Git's smart protocol is served", ""},
		{"unknown service", "GET", "demo/info/refs?service=git-evil", "", nil, nil, 403, "Only Git's smart protocol is served", ""},
		{"dumb object", "GET", "demo/objects/info/packs", "", nil, nil, 404, "There is no such repository.", ""},
		{"head", "GET", "demo/HEAD", "", nil, nil, 404, "There is no such repository.", ""},
		{"refs by POST", "POST", "demo" + refs, "", nil, nil, 405, "Git asks for this with GET.", ""},
		{"push by GET", "GET", "demo/git-receive-pack", "", nil, nil, 405, "Git asks for this with POST.", ""},
		{"options", "OPTIONS", "demo/git-upload-pack", "", nil, nil, 405, "Git asks for this with POST.", ""},
		{"content type", "POST", "demo/git-receive-pack", "0000", []string{"Content-Type", upload}, nil, 415, "The content type must be " + receive, ""},
		{"no content type", "POST", "demo/git-upload-pack", "0000", nil, nil, 415, "The content type must be " + upload, ""},
		{"deflate", "POST", "demo/git-upload-pack", "0000", []string{"Content-Type", upload, "Content-Encoding", "deflate"}, nil, 415, "gzip only", "auth AKID%token password /v1/repos/demo false"},
		{"not gzip", "POST", "demo/git-upload-pack", "0000", []string{"Content-Type", upload, "Content-Encoding", "gzip"}, nil, 400, "not in the gzip form", "auth AKID%token password /v1/repos/demo false"},
		{"half gzip", "POST", "demo/git-upload-pack", zipped("hello")[:20], []string{"Content-Type", upload, "Content-Encoding", "gzip"}, nil, 400, "cannot be read to its end", "upload demo 0"},
		{"gzip", "POST", "demo/git-upload-pack", zipped("hello"), []string{"Content-Type", upload, "Content-Encoding", "gzip"}, nil, 200, "got 5", "upload demo 0"},
		{"gzip bomb", "POST", "demo/git-upload-pack", zipped(strings.Repeat("0", 65<<20)), []string{"Content-Type", upload, "Content-Encoding", "gzip"}, nil, 413, "too long", "upload demo 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{err: c.err}
			res, body := ask(t, start(t, w, 0), c.method, githttp.Prefix+c.path, strings.NewReader(c.body), c.header...)
			last := ""
			if len(w.asked) > 0 {
				last = w.asked[len(w.asked)-1]
			}
			if res == nil || res.StatusCode != c.status || !strings.Contains(body, c.want) || last != c.asked {
				t.Fatalf("%v %q, asked %q", res, body, w.asked)
			}
			checkHeaders(t, res, body)
		})
	}
}

// checkHeaders: nothing is kept by caches, a failure is one line of text that git shows, a 401 has a challenge.
func checkHeaders(t *testing.T, res *http.Response, body string) {
	t.Helper()
	kind := res.Header.Get("Content-Type")
	if !strings.HasPrefix(res.Header.Get("Cache-Control"), "no-cache") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", res.Header)
	}
	if res.StatusCode == 200 && !strings.HasPrefix(kind, "application/x-git-") {
		t.Errorf("content type %q", kind)
	}
	if res.StatusCode != 200 && (!strings.HasPrefix(kind, "text/plain") || strings.Count(body, "\n") != 1 || !strings.HasSuffix(body, "\n")) {
		t.Errorf("content type %q, body %q", kind, body)
	}
	if challenge := res.Header.Get("WWW-Authenticate"); (res.StatusCode == 401) != strings.HasPrefix(challenge, `Basic realm="Sojourn"`) {
		t.Errorf("challenge %q", challenge)
	}
	if (res.StatusCode == 429) != (res.Header.Get("Retry-After") == "3") {
		t.Errorf("retry after %q", res.Header.Get("Retry-After"))
	}
	if (res.StatusCode == 405) != (res.Header.Get("Allow") != "") {
		t.Errorf("allow %q", res.Header.Get("Allow"))
	}
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// TestEvent: a request's event says what was asked by whom, also when it was refused.
func TestEvent(t *testing.T) {
	w := &world{}
	door := githttp.New(githttp.Options{Auth: w, Git: w})
	for _, c := range []struct{ user, path, want string }{
		{"AKID", "demo" + refs, "git GitPull arn:aws:iam::111122223333:root demo "},
		{"AKID", "demo/info/refs?service=git-receive-pack", "git GitPush arn:aws:iam::111122223333:root demo "},
		{"expired", "demo/info/refs?service=git-receive-pack", "git GitPush   ExpiredToken"},
	} {
		ev := &event.Event{}
		r := httptest.NewRequest("GET", githttp.Prefix+c.path, nil)
		r.SetBasicAuth(c.user, "secret")
		door.ServeHTTP(httptest.NewRecorder(), r.WithContext(event.With(r.Context(), ev)))
		if got := strings.Join([]string{ev.Service, ev.Operation, ev.Caller, ev.Resource, ev.Error}, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
}

// TestRequestID: what went wrong can be looked up, but for who has not signed in.
func TestRequestID(t *testing.T) {
	for _, c := range []struct {
		user, want string
		err        error
	}{
		{"AKID", "There is no such repository (request 1b-2c).\n", git.ErrNoRepository},
		{"AKID", "Not you. Ask an administrator of the account to allow it (request 1b-2c).\n", awserr.Denied("Not you")},
		{"expired", "The security token included in the request is expired (request 1b-2c).\n", nil},
		{"", "set up the credential helper.\n", nil},
	} {
		w := &world{err: c.err}
		r := httptest.NewRequest("GET", githttp.Prefix+"demo"+refs, nil)
		if c.user != "" {
			r.SetBasicAuth(c.user, "secret")
		}
		got := httptest.NewRecorder()
		githttp.New(githttp.Options{Auth: w, Git: w}).ServeHTTP(got, r.WithContext(event.With(r.Context(), &event.Event{RequestID: "1b-2c"})))
		if !strings.HasSuffix(got.Body.String(), c.want) || got.Header().Get("x-amzn-RequestId") != "1b-2c" {
			t.Errorf("%q %v, want %q", got.Body, got.Header(), c.want)
		}
	}
}

// TestBrokenAnswer: an answer that ends in an error is cut off, not ended.
func TestBrokenAnswer(t *testing.T) {
	w := &world{serve: func(_ context.Context, in io.Reader, out io.Writer) error {
		out.Write([]byte("half"))
		return errors.New("a fault")
	}}
	if _, body := ask(t, start(t, w, 0), "POST", githttp.Prefix+"demo/git-upload-pack", strings.NewReader("0000"), "Content-Type", upload); !strings.HasPrefix(body, "broken: ") {
		t.Errorf("got %q", body)
	}
}

// TestBothWays: an answer may begin before the request has ended, and comes at once.
func TestBothWays(t *testing.T) {
	w := &world{serve: func(_ context.Context, in io.Reader, out io.Writer) error {
		line := make([]byte, 5)
		for {
			if _, err := io.ReadFull(in, line); err != nil {
				return nil
			}
			out.Write(line)
			out.(interface{ Flush() }).Flush()
		}
	}}
	in, feed := io.Pipe()
	r, _ := http.NewRequest("POST", start(t, w, 0).URL+githttp.Prefix+"demo/git-receive-pack", in)
	r.SetBasicAuth("AKID", "password")
	r.Header.Set("Content-Type", receive)
	go feed.Write([]byte("first"))
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	line := make([]byte, 5)
	for _, want := range []string{"first", "again", "third"} {
		if _, err := io.ReadFull(res.Body, line); err != nil || string(line) != want {
			t.Fatalf("%q %v, want %q", line, err, want)
		}
		switch want {
		case "first":
			go feed.Write([]byte("again"))
		case "again":
			go func() { feed.Write([]byte("third")); feed.Close() }()
		}
	}
}

// TestSilence: a client that says nothing is let go, one that is slow is not,
// and one that waits for us is not taken for silent.
func TestSilence(t *testing.T) {
	const silence = 200 * time.Millisecond
	post := func(s *httptest.Server, body func(io.Writer)) string {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST %sdemo/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\nContent-Type: %s\r\nContent-Length: 5\r\n\r\n", githttp.Prefix, upload)
		body(c)
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		b := make([]byte, 4096)
		n, _ := c.Read(b)
		return string(b[:n])
	}
	t.Run("silent", func(t *testing.T) {
		if got := post(start(t, &world{}, silence), func(c io.Writer) { io.WriteString(c, "ab") }); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "stood still") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("slow", func(t *testing.T) {
		got := post(start(t, &world{}, silence), func(c io.Writer) {
			for _, b := range "abcde" {
				time.Sleep(silence / 2)
				io.WriteString(c, string(b))
			}
		})
		if !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("waiting", func(t *testing.T) {
		w := &world{serve: func(ctx context.Context, in io.Reader, out io.Writer) error {
			io.ReadAll(in)
			time.Sleep(3 * silence)
			fmt.Fprint(out, "context: ", ctx.Err())
			return nil
		}}
		if got := post(start(t, w, silence), func(c io.Writer) { io.WriteString(c, "abcde") }); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.Contains(got, "context: <nil>") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("does not read", func(t *testing.T) {
		ended := make(chan error, 1)
		w := &world{serve: func(_ context.Context, in io.Reader, out io.Writer) error {
			block := make([]byte, 1<<20)
			for range 1000 {
				if _, err := out.Write(block); err != nil {
					ended <- err
					return err
				}
			}
			ended <- nil
			return nil
		}}
		c, err := net.Dial("tcp", start(t, w, silence).Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST %sdemo/git-upload-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\nContent-Type: %s\r\nContent-Length: 0\r\n\r\n", githttp.Prefix, upload)
		select {
		case err := <-ended:
			if err == nil {
				t.Error("a gigabyte was written to a client that does not read")
			}
		case <-time.After(20 * time.Second):
			t.Error("the request goes on")
		}
	})
}
