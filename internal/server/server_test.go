package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/server/event"
)

// harness serves plain HTTP with handlers of the test.
type harness struct {
	*Server
	url, addr string
	logs      lockedBuffer
	ready     error
	served    chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t *testing.T, git, api http.HandlerFunc, change ...func(*Options)) *harness {
	t.Helper()
	return startAs(t, func(*Server) {}, git, api, change...)
}

// startAs starts a server that is arranged before it serves.
func startAs(t *testing.T, arrange func(*Server), git, api http.HandlerFunc, change ...func(*Options)) *harness {
	t.Helper()
	h := &harness{served: make(chan error, 1)}
	opt := Options{Git: git, API: api, Now: time.Now,
		Ready: func(context.Context) error { return h.ready },
		Log:   slog.New(slog.NewTextHandler(&h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&opt)
	}
	h.Server = New(opt)
	arrange(h.Server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr, h.url = l.Addr().String(), "http://"+l.Addr().String()
	go func() { h.served <- h.Serve(l) }()
	t.Cleanup(func() { h.http.Close() })
	return h
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
}

func TestRoutes(t *testing.T) {
	h := start(t, say("git"), say("api"))
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{"/v1/repos/x/info/refs", "git", 200},
		{"/?Action=GetCallerIdentity", "api", 200},
		{"/", "Sojourn serves Git", 200},
		{"/healthz", "ok\n", 200},
		{"/readyz", "ready\n", 200},
		{"/metrics", "sojourn_requests_total", 200},
		{"/nothing", "", 404},
	} {
		if status, body := get(t, h.url+c.path); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %.80s", c.path, status, body)
		}
	}
	h.ready = errors.New("the disk is gone")
	if status, body := get(t, h.url+"/readyz"); status != 503 || strings.Contains(body, "disk") {
		t.Errorf("not ready: %d %s", status, body)
	}
}

// One event a request, with what the doors learned, and without the query.
func TestOneEventARequest(t *testing.T) {
	h := start(t, nil, func(w http.ResponseWriter, r *http.Request) {
		ev := event.From(r.Context())
		ev.Service, ev.Operation, ev.Caller = "sts", "GetCallerIdentity", "arn:aws:iam::111122223333:root"
	})
	get(t, h.url+"/?X-Amz-Signature=secret")
	logs := h.logs.String()
	if strings.Count(logs, "msg=request") != 1 || !strings.Contains(logs, "operation=GetCallerIdentity") || strings.Contains(logs, "secret") {
		t.Errorf("logged:\n%s", logs)
	}
	if _, body := get(t, h.url+"/metrics"); !strings.Contains(body, `sojourn_requests_total{class="2xx",operation="GetCallerIdentity",route="api",service="sts"} 1`) {
		t.Error("the metric is missing")
	}
}

func TestPanicIsA500(t *testing.T) {
	h := start(t, func(http.ResponseWriter, *http.Request) { panic("boom") }, nil)
	if status, body := get(t, h.url+"/v1/repos/x"); status != 500 || strings.Contains(body, "boom") {
		t.Errorf("%d %s", status, body)
	}
	if !strings.Contains(h.logs.String(), "boom") {
		t.Error("the panic is not in the log")
	}
}

// An answer that breaks off does not look whole to its client.
func TestBrokenAnswer(t *testing.T) {
	for _, value := range []any{"boom", http.ErrAbortHandler} {
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "half")
			http.NewResponseController(w).Flush()
			panic(value)
		}, nil)
		r, err := http.Get(h.url + "/v1/repos/x")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r.Body); err == nil {
			t.Errorf("%v: read %q to its end", value, b)
		}
		r.Body.Close()
	}
}

// Shutdown lets a running request end, and answers no new one.
func TestDrain(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	h := start(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, "whole")
	}, nil)
	body := make(chan string)
	go func() {
		r, err := http.Get(h.url + "/v1/repos/x")
		if err != nil {
			body <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		body <- string(b)
	}()
	<-entered
	done := make(chan error)
	go func() { done <- h.Shutdown(t.Context()) }()
	for h.draining.Load() == false {
		time.Sleep(time.Millisecond)
	}
	close(leave)
	if got := <-body; got != "whole" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-h.served; err != nil {
		t.Error(err)
	}
}

// Who is refused before the body's end still gets the answer, although it asked
// for the connection to be closed and goes on sending.
func TestRefusedWhileSending(t *testing.T) {
	h := start(t, nil, func(w http.ResponseWriter, r *http.Request) {
		io.CopyN(io.Discard, r.Body, 1000)
		text(http.StatusRequestEntityTooLarge, "too large\n")(w, r)
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 100 {
		for _, body := range []io.Reader{bytes.NewReader(make([]byte, 4<<20)), io.MultiReader(bytes.NewReader(make([]byte, 4<<20)))} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/", body)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(answer.Body); err != nil || string(b) != "too large\n" || answer.StatusCode != http.StatusRequestEntityTooLarge {
				t.Fatalf("%d %q %v", answer.StatusCode, b, err)
			}
			answer.Body.Close()
		}
	}
}
