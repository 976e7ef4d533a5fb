package http1

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// Bounds of the requests that are taken.
const (
	maxHead    = 16 << 10 // with the empty line; a session token and its signature take about 6 KiB
	maxBody    = 64 << 10
	maxHeaders = 64
)

// head is what is read of a request before its body.
type head struct {
	method, target, host string
	header               http.Header
	body                 int // its length
}

var (
	endOfHead = []byte("\r\n\r\n")
	proto     = []byte(" HTTP/1.1")
)

// likely reports whether a request that begins so may be one to take, so that
// no time is spent on waiting for the rest of others.
func likely(b []byte) bool {
	for _, begin := range [...]string{"GET /", "POST /"} {
		if n := min(len(b), len(begin)); string(b[:n]) == begin[:n] {
			return true
		}
	}
	return false
}

// parseHead reads a request up to the empty line, which is not in b. It takes
// what RFC 9112 lets be read in one way only:
//
//	("GET" / "POST") SP target SP "HTTP/1.1" CRLF *( token ":" *SP value *SP CRLF )
//
// where a target is a path of ours in visible ASCII, a value is visible ASCII
// and spaces, no name comes twice, there is one Host of letters, digits and
// ".-_:[]", and the body's length is a Content-Length in plain digits. A
// header that changes how messages are framed or what comes of the connection
// is none of these.
func parseHead(b []byte, takes func(method, target string) bool) (h head, ok bool) {
	line, rest, _ := bytes.Cut(b, endOfHead[:2])
	line, ok = bytes.CutSuffix(line, proto)
	if !ok {
		return h, false
	}
	text := string(b)
	h.method, h.target, _ = strings.Cut(text[:len(line)], " ")
	if h.method != http.MethodGet && h.method != http.MethodPost || !isTarget(h.target) || !takes(h.method, h.target) {
		return h, false
	}
	lines := text[len(b)-len(rest):]
	n := strings.Count(lines, "\r\n") + 1
	if len(rest) == 0 || n > maxHeaders {
		return h, false
	}
	if !h.headers(lines, n) {
		return h, false
	}
	return h, h.length() && h.named()
}

// isTarget is a path, perhaps with a query.
func isTarget(s string) bool {
	if s == "" || s[0] != '/' || strings.HasPrefix(s, "//") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '#' {
			return false
		}
	}
	return true
}

func (h *head) headers(lines string, n int) bool {
	h.header = make(http.Header, n)
	values := make([]string, n)
	for i := range n {
		var line string
		line, lines, _ = strings.Cut(lines, "\r\n")
		name, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " ")
		if !found || !isToken(name) || !isValue(value) {
			return false
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if _, twice := h.header[name]; twice || !indifferent(name, value) {
			return false
		}
		values[i] = value
		h.header[name] = values[i : i+1 : i+1]
	}
	return true
}

// indifferent reports whether a header leaves the connection as it is.
func indifferent(name, value string) bool {
	switch name {
	case "Connection":
		return value == "keep-alive" || value == "Keep-Alive"
	case "Transfer-Encoding", "Trailer", "Expect", "Upgrade", "Http2-Settings", "Proxy-Connection", "Te":
		return false
	}
	return true
}

// length takes a GET without a body and a POST that tells how long its is.
func (h *head) length() bool {
	text, given := h.header["Content-Length"]
	if h.method == http.MethodGet || !given {
		return h.method == http.MethodGet && !given
	}
	s := text[0]
	if s == "" || len(s) > 6 || s[0] == '0' && s != "0" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		h.body = 10*h.body + int(s[i]-'0')
	}
	return h.body <= maxBody
}

// named takes the host out of the headers, as net/http does, which also reads
// Pragma so.
func (h *head) named() bool {
	host := h.header["Host"]
	if len(host) != 1 || host[0] == "" {
		return false
	}
	for i := range len(host[0]) {
		if c := host[0][i]; !isAlphanumeric(c) && strings.IndexByte(".-_:[]", c) < 0 {
			return false
		}
	}
	h.host = host[0]
	delete(h.header, "Host")
	if p := h.header["Pragma"]; len(p) > 0 && p[0] == "no-cache" && h.header["Cache-Control"] == nil {
		h.header["Cache-Control"] = []string{"no-cache"}
	}
	return true
}

// fill makes the request of it. A target may still be none.
func (h *head) fill(r *http.Request) bool {
	u, err := url.ParseRequestURI(h.target)
	if err != nil {
		return false
	}
	r.Method, r.URL, r.RequestURI, r.Host, r.Header = h.method, u, h.target, h.host, h.header
	r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength = "HTTP/1.1", 1, 1, int64(h.body)
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func isValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
