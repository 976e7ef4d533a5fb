package sigv4

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unsigned are headers that clients, proxies and net/http change or add on the way.
var unsigned = []string{
	"accept-encoding", "authorization", "connection", "content-length", "expect", "te", "trailer",
	"transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
}

// SignHeader signs a client's request: it sets Authorization, X-Amz-Date and,
// with a token, X-Amz-Security-Token, and signs the host and every header but
// those that change on the way. bodySHA256 is the lower-case hex hash of the
// body, of the empty one too.
func SignHeader(r *http.Request, bodySHA256 string, c Credentials, service, region string, t time.Time) {
	r.Header.Del("Authorization")
	r.Header.Set("X-Amz-Date", stamp(t))
	r.Header.Del("X-Amz-Security-Token")
	if c.Token != "" {
		r.Header.Set("X-Amz-Security-Token", c.Token)
	}
	date := t.UTC().Format(dateFormat)
	signed := signedHeaders(r)
	_, query := target(r)
	params, _ := parseQuery(query) // a query that cannot be read is refused by the server
	canonical, _ := appendRequest(nil, r, params, signed, bodySHA256)
	key := DeriveKey(c.Secret.Reveal(), date, region, service)
	sum := key.signature(t, len(TimeFormat), region, service, canonical)
	r.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+"/"+scope(date, region, service)+
		", SignedHeaders="+strings.Join(signed, ";")+", Signature="+hex.EncodeToString(sum[:]))
}

// Presign returns the request's URL with its signature in the query, valid
// for expires, which AWS limits to seven days. The request has no body; all
// its headers but those that change on the way are signed and must be sent.
func Presign(r *http.Request, c Credentials, service, region string, t time.Time, expires time.Duration) *url.URL {
	date := t.UTC().Format(dateFormat)
	signed := signedHeaders(r)
	_, query := target(r)
	params, _ := parseQuery(query)
	params = append(params,
		param{"X-Amz-Algorithm", algorithm},
		param{"X-Amz-Credential", c.AccessKeyID + "/" + scope(date, region, service)},
		param{"X-Amz-Date", stamp(t)},
		param{"X-Amz-Expires", strconv.FormatInt(int64(expires/time.Second), 10)},
		param{"X-Amz-SignedHeaders", strings.Join(signed, ";")})
	if c.Token != "" {
		params = append(params, param{"X-Amz-Security-Token", c.Token})
	}
	canonical, _ := appendRequest(nil, r, params, signed, emptySHA256)
	key := DeriveKey(c.Secret.Reveal(), date, region, service)
	sum := key.signature(t, len(TimeFormat), region, service, canonical)
	u := *r.URL
	u.RawQuery = string(appendQuery(nil, params)) + "&X-Amz-Signature=" + hex.EncodeToString(sum[:])
	return &u
}

// signedHeaders lists the headers to sign, lower-case and sorted.
func signedHeaders(r *http.Request) []string {
	names := []string{"host"}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name != "host" && len(values) > 0 && !slices.Contains(unsigned, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
