package sigv4

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sojourn/internal/awserr"
)

// param is one parameter of a query string, decoded.
type param struct{ name, value string }

// target returns path and query as they are on the wire.
func target(r *http.Request) (path, query string) {
	t := r.RequestURI
	if !strings.HasPrefix(t, "/") { // a client's request, or the absolute form for proxies
		t = r.URL.RequestURI()
	}
	path, query, _ = strings.Cut(t, "?")
	return path, query
}

// parseQuery decodes a query string the way net/url does for those who will
// read it later, so that what is signed is what is read. Where net/url would
// skip a parameter it refuses the whole.
func parseQuery(raw string) ([]param, error) {
	var params []param
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || strings.Contains(part, ";") {
			return nil, awserr.New("MalformedQueryString", http.StatusBadRequest, "The query string contains a syntax error.")
		}
		params = append(params, param{n, v})
	}
	return params, nil
}

// appendRequest appends the canonical form of a request with the given query
// and signed headers. It reports false when a signed header is not there.
func appendRequest(b []byte, r *http.Request, params []param, signed []string, bodySHA256 string) ([]byte, bool) {
	path, _ := target(r)
	b = append(b, r.Method...)
	b = append(b, '\n')
	b = appendPath(b, path)
	b = append(b, '\n')
	b = appendQuery(b, params)
	b = append(b, '\n')
	for _, name := range signed {
		values, ok := headerValues(r, name)
		if !ok {
			return nil, false
		}
		b = append(b, name...)
		b = append(b, ':')
		b = appendValues(b, values)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, strings.Join(signed, ";")...)
	b = append(b, '\n')
	return append(b, bodySHA256...), true
}

// appendPath removes dot segments and empty segments and encodes what is on
// the wire once more: every service but S3 signs the path doubly encoded.
func appendPath(b []byte, path string) []byte {
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
		}
	}
	if len(kept) == 0 {
		return append(b, '/')
	}
	for _, segment := range kept {
		b = append(b, '/')
		b = appendEncoded(b, segment)
	}
	if strings.HasSuffix(path, "/") {
		b = append(b, '/')
	}
	return b
}

// appendQuery encodes the parameters and puts them in the order of their encoded names and values.
func appendQuery(b []byte, params []param) []byte {
	encoded := make([]param, len(params))
	for i, p := range params {
		encoded[i] = param{encode(p.name), encode(p.value)}
	}
	slices.SortFunc(encoded, func(a, b param) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	for i, p := range encoded {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// headerValues returns the values of a header, also of those that net/http
// takes out of the header map.
func headerValues(r *http.Request, name string) ([]string, bool) {
	switch name {
	case "host":
		return []string{host(r)}, true
	case "content-length":
		return []string{strconv.FormatInt(r.ContentLength, 10)}, r.ContentLength >= 0
	case "transfer-encoding":
		return r.TransferEncoding, len(r.TransferEncoding) > 0
	}
	values := r.Header.Values(name)
	return values, len(values) > 0
}

func host(r *http.Request) string {
	if r.Host == "" && r.URL != nil {
		return r.URL.Host
	}
	return r.Host
}

// appendValues joins the values of a repeated header with commas; white space
// around a value goes, and within it becomes one space.
func appendValues(b []byte, values []string) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		first := true
		for word := range strings.FieldsFuncSeq(v, isSpace) {
			if !first {
				b = append(b, ' ')
			}
			b = append(b, word...)
			first = false
		}
	}
	return b
}

func isSpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

func encode(s string) string { return string(appendEncoded(make([]byte, 0, len(s)+8), s)) }

// appendEncoded percent-encodes everything but RFC 3986's unreserved characters.
func appendEncoded(b []byte, s string) []byte {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}
