package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// DefaultRedirect has no port: a free one is taken, as RFC 8252 wants it.
const DefaultRedirect = "http://127.0.0.1/callback"

// Listener is the loopback end of a sign-in: one path on one port of this
// machine, for one answer.
type Listener struct {
	URL string // to send the browser back to

	host, path string
	sockets    []net.Listener
	server     *http.Server

	mu   sync.Mutex
	used bool
}

type answer struct {
	value string
	err   error
}

// Listen takes the port of redirect, http://LOOPBACK[:PORT]/PATH.
func Listen(redirect string) (*Listener, error) {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" || u.Path == "/" {
		return nil, fmt.Errorf("%q cannot be come back to; want http://127.0.0.1[:PORT]/PATH", Plain(redirect))
	}
	if !loopback(u.Hostname()) {
		return nil, fmt.Errorf("%q is not on this machine's loopback (127.0.0.1, [::1] or localhost); others could reach it", Plain(u.Host))
	}
	l := &Listener{path: u.Path}
	port := u.Port()
	if port == "" {
		port = "0"
	}
	addresses := []string{u.Hostname()}
	if u.Hostname() == "localhost" { // of which browsers take either
		addresses = []string{"127.0.0.1", "::1"}
	}
	for i, a := range addresses {
		s, err := net.Listen("tcp", net.JoinHostPort(a, port))
		if err != nil {
			if i > 0 { // no IPv6 here
				continue
			}
			l.Close()
			return nil, fmt.Errorf("listening for the browser's return: %w; choose another port with --redirect-uri", err)
		}
		l.sockets = append(l.sockets, s)
		_, port, _ = net.SplitHostPort(s.Addr().String())
	}
	l.host = net.JoinHostPort(u.Hostname(), port)
	l.URL = "http://" + l.host + u.Path
	return l, nil
}

// farewell is how long a browser may take to read its last page.
const farewell = time.Second

// Close ends the listener; what comes later is not heard.
func (l *Listener) Close() {
	for _, s := range l.sockets {
		s.Close()
	}
	if l.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		if l.server.Shutdown(ctx) != nil { // somebody holds a connection
			l.server.Close()
		}
	}
}

// maxHeader bounds a request's header, maxForm a posted form: 100,000 characters of a SAML response, percent-encoded.
const (
	maxHeader = 32 << 10
	maxForm   = 400 << 10
)

// serve waits for one answer that accept takes.
func (l *Listener) serve(accept func(url.Values) (string, error), postFrom string) <-chan answer {
	out := make(chan answer, 1)
	l.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.handle(w, r, accept, postFrom, out) }),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	l.server.SetKeepAlivesEnabled(false)
	for _, s := range l.sockets {
		go l.server.Serve(s)
	}
	return out
}

func (l *Listener) handle(w http.ResponseWriter, r *http.Request, accept func(url.Values) (string, error), postFrom string, out chan<- answer) {
	values, status := l.values(w, r, postFrom)
	if status != http.StatusOK {
		say(w, status, "This is not part of a sign-in.")
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used {
		say(w, http.StatusGone, "This sign-in is over. Begin a new one on the command line.")
		return
	}
	v, err := accept(values)
	if errors.Is(err, errForeign) {
		say(w, http.StatusBadRequest, "This answer does not belong to the sign-in that was begun.")
		return
	}
	l.used = true
	if err != nil {
		say(w, http.StatusBadRequest, "The sign-in failed; the command line says why. You can close this window.")
	} else {
		say(w, http.StatusOK, "You are signed in. You can close this window and go back to the command line.")
	}
	out <- answer{v, err}
}

// values are what an acceptable request brings. The Host check keeps out
// pages that reach this port under a name of their own (DNS rebinding).
func (l *Listener) values(w http.ResponseWriter, r *http.Request, postFrom string) (url.Values, int) {
	switch {
	case r.Host != l.host:
		return nil, http.StatusMisdirectedRequest
	case r.URL.Path != l.path:
		return nil, http.StatusNotFound
	case postFrom == "" && r.Method != http.MethodGet, postFrom != "" && r.Method != http.MethodPost:
		return nil, http.StatusMethodNotAllowed
	case !navigation(r):
		return nil, http.StatusForbidden
	}
	if postFrom == "" {
		v, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, http.StatusBadRequest
		}
		return v, http.StatusOK
	}
	if origin := r.Header.Values("Origin"); len(origin) > 1 || len(origin) == 1 && origin[0] != postFrom {
		return nil, http.StatusForbidden
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, http.StatusBadRequest
	}
	return r.PostForm, http.StatusOK
}

// navigation reports whether a browser came here with its window, not for an
// image, a frame or a script of some page. Old browsers do not say.
func navigation(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// say answers with a page that holds no outside text, leads nowhere and tells
// no other site its address, in which the code stands.
func say(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	page := "<!doctype html><html lang=\"en\"><title>Sojourn</title><body><p>" + text + "</p></body></html>\n"
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	io.WriteString(w, page)
	_ = http.NewResponseController(w).Flush() // before the listener ends
}
