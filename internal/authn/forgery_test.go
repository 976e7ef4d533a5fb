package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"sojourn/internal/sigv4"
)

// forgery is a request that a client other than ours signs, with the true
// secret and by code of its own, but as no honest client does. Zero fields are
// as an honest client has them.
type forgery struct {
	method, target string
	path, query    string   // as signed
	headers        []string // "Name: value", added to those of every request
	without        string   // a header that every request has, left out
	signed         string   // names and values are signed as the request has them
	stamp          string
	scope          string // without the key id
	terminator     string // of the key's derivation
	algorithm      string
	hash           string // of the body, as signed
	keyID          *string
	presigned      bool
	expires        string
	cred           *sigv4.Credentials

	body  string
	after func(*http.Request) // changes the signed request
}

func (f forgery) make(w *world) *http.Request {
	c := f.credentials(w)
	f.fill(w)
	target := f.target
	if f.presigned {
		f.query = f.presign(c)
		target = "/?" + f.query
	}
	r := httptest.NewRequest(f.method, target, strings.NewReader(f.body))
	r.Host = host
	if !f.presigned {
		f.headers = append(f.headers, "Content-Type: application/x-www-form-urlencoded", "X-Amz-Date: "+f.stamp, "X-Amz-Security-Token: "+c.Token)
	}
	for _, h := range f.headers {
		name, value, _ := strings.Cut(h, ": ")
		if name != f.without && (name != "X-Amz-Security-Token" || value != "") {
			r.Header.Add(name, value)
		}
	}
	sum := f.sign(r, c.Secret.Reveal())
	if f.presigned {
		r.RequestURI += "&X-Amz-Signature=" + sum
	} else {
		r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", f.algorithm, c.AccessKeyID, f.scope, f.signed, sum))
	}
	if f.after != nil {
		f.after(r)
	}
	return r
}

func (f *forgery) credentials(w *world) sigv4.Credentials {
	c := w.session(reader)
	if f.cred != nil {
		c = *f.cred
	}
	if f.keyID != nil {
		c.AccessKeyID = *f.keyID
	}
	return c
}

func (f *forgery) fill(w *world) {
	or := func(p *string, s string) {
		if *p == "" {
			*p = s
		}
	}
	or(&f.method, map[bool]string{false: http.MethodPost, true: http.MethodGet}[f.presigned])
	or(&f.target, "/")
	or(&f.path, "/")
	or(&f.stamp, w.now.Format(sigv4.TimeFormat))
	or(&f.scope, w.now.Format("20060102")+"/"+region+"/sts/aws4_request")
	or(&f.terminator, "aws4_request")
	or(&f.algorithm, "AWS4-HMAC-SHA256")
	or(&f.expires, "60")
	or(&f.signed, map[bool]string{false: "content-type;host;x-amz-date;x-amz-security-token", true: "host"}[f.presigned])
	if !f.presigned && f.body == "" {
		f.body = whoami
	}
	or(&f.hash, hashOf(f.body))
}

// presign is the query to be signed, in its canonical form.
func (f *forgery) presign(c sigv4.Credentials) string {
	q := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}, "X-Amz-Algorithm": {f.algorithm}, "X-Amz-Credential": {c.AccessKeyID + "/" + f.scope},
		"X-Amz-Date": {f.stamp}, "X-Amz-Expires": {f.expires}, "X-Amz-SignedHeaders": {f.signed}, "X-Amz-Security-Token": {c.Token}}
	if f.without != "" {
		q.Del(f.without)
	}
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}

func (f *forgery) sign(r *http.Request, key string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", f.method, f.path, f.query)
	for name := range strings.SplitSeq(f.signed, ";") {
		value := strings.Join(r.Header.Values(name), ",")
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&b, "%s:%s\n", name, value)
	}
	fmt.Fprintf(&b, "\n%s\n%s", f.signed, f.hash)
	k := []byte("AWS4" + key)
	scope := strings.Split(f.scope, "/")
	for _, part := range append(scope[:min(3, len(scope))], f.terminator) {
		k = hmacOf(k, part)
	}
	return hex.EncodeToString(hmacOf(k, strings.Join([]string{f.algorithm, f.stamp, f.scope, hashOf(b.String())}, "\n")))
}

func hmacOf(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
