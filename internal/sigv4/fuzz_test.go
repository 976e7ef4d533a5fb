package sigv4

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/secret"
)

// What is accepted is well-formed, bounded, means the same when it is written
// again, and is not verified by a key that did not make it.
func FuzzParseAuthorization(f *testing.F) {
	f.Add(vectors[0].authorization(), "20150830T123600Z", "")
	f.Add(strings.ReplaceAll(vectors[0].authorization(), ", ", ","), "Sun, 30 Aug 2015 12:36:00 GMT", suiteToken)
	f.Add("AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request,Signature=00,SignedHeaders=host", "20150830", "t")
	f.Add("Basic YWxpY2U6c2VjcmV0", "", "")
	f.Fuzz(func(t *testing.T, authorization, date, token string) {
		r := request("POST", "/?a=1", http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}})
		if token != "" {
			r.Header.Set("X-Amz-Security-Token", token)
		}
		a, err := ParseRequest(r)
		if err != nil {
			checkError(t, a, err)
			return
		}
		checkAuth(t, a)
		if a.Presigned || a.Token != token || a.Verify(r, hash(""), Key{1}) {
			t.Errorf("%q: %+v", authorization, a)
		}
		r.Header.Set("Authorization", render(a))
		r.Header.Set("X-Amz-Date", stamp(a.Time))
		again, err := ParseRequest(r)
		if err != nil || render(again) != render(a) || !again.Time.Equal(a.Time) {
			t.Errorf("%q written again as %q: %v", authorization, render(a), err)
		}
	})
}

// Any query survives signing and verifying; any query that claims to be signed
// is refused or well-formed, and no other key verifies it.
func FuzzPresignedQuery(f *testing.F) {
	for _, v := range vectors[:8] {
		_, query, _ := strings.Cut(v.target, "?")
		f.Add(query)
		_, query, _ = strings.Cut(v.presigned(), "?")
		f.Add(query)
	}
	f.Add("a=1;b&&=&%20=+&%zz")
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=0%2F20150830%2F%2F0%2Faws4_request&X-Amz-Date=20150830T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=" + strings.Repeat("0", 64)) // no lifetime
	c := Credentials{AccessKeyID: suiteKeyID, Secret: secret.New(suiteSecret), Token: suiteToken}
	f.Fuzz(func(t *testing.T, query string) {
		r := request("GET", "/?"+query, nil)
		if a, err := ParseRequest(r); err != nil {
			checkError(t, a, err)
		} else {
			checkAuth(t, a)
			given, _ := url.ParseQuery(query) // none: good for as long as a signature in a header
			if !a.Presigned || a.Expires < 0 || (a.Expires == 0) == given.Has("X-Amz-Expires") || a.Expires > maxExpires || a.Verify(r, hash(""), Key{1}) {
				t.Errorf("%q: %+v", query, a)
			}
		}
		params, err := parseQuery(query)
		if err != nil || len(query) > maxQuery/4 || strings.Contains(strings.ToLower(query), "x-amz-") || hasAmz(params) {
			return
		}
		u := Presign(r, c, "sts", "us-east-1", suiteTime, time.Minute)
		r = request("GET", u.RequestURI(), nil)
		a, err := ParseRequest(r)
		if err != nil || !a.Verify(r, hash(""), DeriveKey(suiteSecret, a.Date, a.Region, a.Service)) {
			t.Errorf("%q presigned as %q is refused: %v", query, u.RequestURI(), err)
		}
		if want, _ := url.ParseQuery(query); !sameValues(want, u.Query()) {
			t.Errorf("%q presigned as %q means something else", query, u.RequestURI())
		}
	})
}

// What is accepted is written again as it was.
func FuzzParseGit(f *testing.F) {
	f.Add("AKIAIOSFODNN7EXAMPLE", "20171224T115320Zb6df2d758a8023b2f000a546417007b65494f3ce8ad0300fd45fcfa173f1959a")
	f.Add("ASIA1%"+suiteToken, "20261123T100000Z467af20d5b5a0b47e926323d9c436bfdd4f29e6c3c2e9cd7d1fcd04541f5b4b8")
	f.Add("AKIA1%", "")
	f.Add("alice", "hunter2")
	f.Fuzz(func(t *testing.T, user, password string) {
		g, err := ParseGit(user, password)
		if err != nil {
			if !awserr.Is(err, awserr.IncompleteSignature) || g != nil {
				t.Errorf("%v, error %v", g, err)
			}
			return
		}
		written := GitUser(Credentials{AccessKeyID: g.AccessKeyID, Token: g.Token})
		if written != strings.TrimSuffix(user, "%") && written != user || stamp(g.Time)+hex.EncodeToString(g.Signature) != password {
			t.Errorf("%q %q: %+v", user, password, g)
		}
		if g.Verify(Key{1}, "us-east-1", "h", "/v1/repos/r") {
			t.Errorf("%q is verified by another key", password)
		}
	})
}

func request(method, target string, h http.Header) *http.Request {
	if h == nil {
		h = http.Header{}
	}
	return &http.Request{Method: method, RequestURI: target, URL: &url.URL{Path: "/"}, Host: suiteHost, Header: h}
}

func render(a *Auth) string {
	return "AWS4-HMAC-SHA256 Credential=" + a.AccessKeyID + "/" + scope(a.Date, a.Region, a.Service) +
		", SignedHeaders=" + strings.Join(a.SignedHeaders, ";") + ", Signature=" + hex.EncodeToString(a.Signature)
}

func checkError(t *testing.T, a *Auth, err error) {
	t.Helper()
	e := awserr.From(err)
	if a != nil || e.Code == awserr.InternalFailure || len(e.Message) > 1024 {
		t.Errorf("%v, error %v", a, err)
	}
}

func checkAuth(t *testing.T, a *Auth) {
	t.Helper()
	if !isAccessKeyID(a.AccessKeyID) || a.Date != a.Time.Format(dateFormat) || strings.ContainsAny(a.Region+a.Service, "\n/ ") || a.Service == "" ||
		len(a.Signature) != 32 || len(a.SignedHeaders) > maxSignedHeaders || !slices.IsSorted(a.SignedHeaders) ||
		!slices.Contains(a.SignedHeaders, "host") || len(a.Token) > maxToken {
		t.Errorf("accepted %+v", a)
	}
}

func hasAmz(params []param) bool {
	return slices.ContainsFunc(params, func(p param) bool { return strings.HasPrefix(strings.ToLower(p.name), "x-amz-") })
}

// sameValues compares what a handler would read, the signature's own parameters aside.
func sameValues(want, got url.Values) bool {
	for name := range got {
		if strings.HasPrefix(name, "X-Amz-") {
			delete(got, name)
		}
	}
	if len(want) != len(got) {
		return false
	}
	for name, values := range want {
		a, b := slices.Sorted(slices.Values(values)), slices.Sorted(slices.Values(got[name]))
		if !slices.Equal(a, b) {
			return false
		}
	}
	return true
}
