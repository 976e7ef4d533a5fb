package sigv4

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/secret"
)

const (
	exampleKeyID  = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleToken  = "FwoGZXIvYXdzEXAMPLE//+=="
)

// Signatures that botocore 1.43.11 made with its clock stopped at 2026-11-23T10:00:00Z.
func TestBotocore(t *testing.T) {
	const scope = "AWS4-HMAC-SHA256 Credential=" + exampleKeyID + "/20261123/"
	for _, c := range []struct {
		name, method, host, target string
		headers                    []string
		body                       string
	}{
		{"an STS call with a session token", "POST", "sojourn.example:8443", "/", []string{
			form + "; charset=utf-8", "User-Agent:aws-cli/1.45", "Expect:100-continue",
			"X-Amz-Date:20261123T100000Z", "X-Amz-Security-Token:" + exampleToken, "Content-Length:43",
			"Authorization:" + scope + "us-east-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, " +
				"Signature=8d415403e80eaaf840a354bb1ab21a6819357231ff5e10a3a35e581b76345a1c"},
			"Action=GetCallerIdentity&Version=2011-06-15"},
		{"a CodeCommit call, IPv6, a tab in a header", "POST", "[::1]:8443", "/", []string{
			"Content-Type:application/x-amz-json-1.1", "X-Amz-Target:CodeCommit_20150413.ListRepositories",
			"amz-sdk-invocation-id:c2f0", "amz-sdk-request:attempt=1", "X-Odd:  a\t b   c  ", "X-Amz-Date:20261123T100000Z", "Content-Length:2",
			"Authorization:" + scope + "eu-west-1/codecommit/aws4_request, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-target;x-odd, " +
				"Signature=768aa8a37e406594b75f16c5a2fb9fd5638ecd033132ae6efaab6cc4aeeda125"},
			"{}"},
		{"an encoded path and query", "GET", "sojourn.example", "/a%20b/%E2%82%AC/./c//d/../e/?b=2&a=%2B&a=%20&A=~%2A&flag", []string{
			"X-Amz-Date:20261123T100000Z",
			"Authorization:" + scope + "us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, " +
				"Signature=9ee4250376ed4f82708b4f2ae11f1d284a8e1efbc0a9705052bbfba66469ff2a"},
			""},
		{"a presigned GetCallerIdentity", "GET", "sts.sojourn.example", "/?Action=GetCallerIdentity&Version=2011-06-15" +
			"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Feu-west-1%2Fsts%2Faws4_request" +
			"&X-Amz-Date=20261123T100000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2F%2B%3D%3D" +
			"&X-Amz-Signature=269689c32a2237cd60826ef98746f3a693d15a9dbf6d8d49e65d53ffb2773999", []string{"x-k8s-aws-id:cluster"}, ""},
		{"a Date header", "POST", "sojourn.example", "/", []string{
			"Content-Type:application/x-amz-json-1.1", "Date:Mon, 23 Nov 2026 10:00:00 -0000", "Content-Length:2",
			"Authorization:" + scope + "us-east-1/codecommit/aws4_request, SignedHeaders=content-type;date;host, " +
				"Signature=f41fdda8b7e05b305c88c53fb6b38f645991008587ee6ece7c4a3e43693c8659"},
			"{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := read(t, c.method, c.target, c.headers, c.body)
			r.Host = c.host
			a, err := ParseRequest(r)
			if err != nil {
				t.Fatal(err)
			}
			if !a.Verify(r, hash(c.body), DeriveKey(exampleSecret, a.Date, a.Region, a.Service)) {
				t.Error("botocore's signature is refused")
			}
			if err := a.CheckWindow(time.Date(2026, 11, 23, 10, 0, 30, 0, time.UTC)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A real client and a real server: what net/http does to a request on its way
// (Host, Content-Length, chunks, Expect, added headers) does not break its signature.
func TestOverTheWire(t *testing.T) {
	now := time.Now()
	c := Credentials{AccessKeyID: exampleKeyID, Secret: secret.New(exampleSecret), Token: exampleToken}
	var verified bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a, err := ParseRequest(r)
		if err != nil {
			t.Error(err)
			return
		}
		verified = a.Token == exampleToken && a.CheckWindow(now) == nil &&
			a.Verify(r, hash(string(body)), DeriveKey(exampleSecret, a.Date, a.Region, a.Service))
	}))
	defer server.Close()
	for _, test := range []struct {
		name, method, target, body string
		edit                       func(*http.Request)
	}{
		{"form", "POST", "/", "Action=GetCallerIdentity", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		{"chunked with Expect", "POST", "/", "{}", func(r *http.Request) { r.ContentLength = -1; r.Header.Set("Expect", "100-continue") }},
		{"body hash", "POST", "/", "{}", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hash("{}")) }},
		{"odd path and query", "GET", "/a b/€/%2F/..//c/?q=a+b&q=&%20=%C3%A9", "", func(*http.Request) {}},
		{"other host", "GET", "/", "", func(r *http.Request) { r.Host = "sts.sojourn.example:8443" }},
		{"repeated header", "GET", "/", "", func(r *http.Request) { r.Header["X-Two"] = []string{" a  b ", "c"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, server.URL+test.target, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			test.edit(r)
			SignHeader(r, hash(test.body), c, "sts", "us-east-1", now)
			verified = false
			send(t, r)
			if !verified {
				t.Error("the signed request is refused")
			}
			if test.body != "" {
				return
			}
			r.Header.Del("Authorization")
			r.Header.Del("X-Amz-Date")
			r.Header.Del("X-Amz-Security-Token")
			r.URL = Presign(r, c, "sts", "us-east-1", now, time.Minute)
			verified = false
			send(t, r)
			if !verified {
				t.Error("the presigned request is refused")
			}
		})
	}
}

func send(t *testing.T, r *http.Request) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// signed is a good request of the suite's time to be spoilt by a test.
func signed(t testing.TB, target string) *http.Request {
	r := read(t, "POST", target, []string{"Content-Type:application/x-amz-json-1.1", "X-Amz-Target:CodeCommit_20150413.GetRepository"}, "")
	c := Credentials{AccessKeyID: exampleKeyID, Secret: secret.New(exampleSecret), Token: exampleToken}
	SignHeader(r, hash(""), c, "codecommit", "us-east-1", suiteTime)
	return r
}

func presigned(t testing.TB) *http.Request {
	r := read(t, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", nil, "")
	c := Credentials{AccessKeyID: exampleKeyID, Secret: secret.New(exampleSecret), Token: exampleToken}
	u := Presign(r, c, "sts", "us-east-1", suiteTime, time.Minute)
	return read(t, "GET", u.RequestURI(), nil, "")
}

// Every part of a signed request is under its signature.
func TestTamper(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*http.Request)
	}{
		{"method", func(r *http.Request) { r.Method = "PUT" }},
		{"path", func(r *http.Request) { r.RequestURI = "/other?Param=1" }},
		{"query value", func(r *http.Request) { r.RequestURI = "/?Param=2" }},
		{"query added", func(r *http.Request) { r.RequestURI = "/?Param=1&Other=1" }},
		{"query removed", func(r *http.Request) { r.RequestURI = "/" }},
		{"host", func(r *http.Request) { r.Host = "evil.example" }},
		{"target", func(r *http.Request) { r.Header.Set("X-Amz-Target", "CodeCommit_20150413.DeleteRepository") }},
		{"token", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x") }},
		{"time", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123601Z") }},
		{"signed header removed", func(r *http.Request) { r.Header.Del("X-Amz-Target") }},
		{"signed header repeated", func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }},
		{"region", replaced("us-east-1", "us-east-2")},
		{"service", replaced("/codecommit/", "/iam/")},
		{"signature", func(r *http.Request) {
			h := []byte(r.Header.Get("Authorization"))
			h[len(h)-1] ^= 1 // another hex digit: 0↔1 … 8↔9, a↔`
			if h[len(h)-1] == '`' {
				h[len(h)-1] = '0'
			}
			r.Header.Set("Authorization", string(h))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := signed(t, "/?Param=1")
			test.edit(r)
			a, err := ParseRequest(r)
			if err == nil && a.Verify(r, hash(""), DeriveKey(exampleSecret, a.Date, "us-east-1", "codecommit")) {
				t.Error("accepted")
			}
		})
	}
}

func replaced(before, after string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), before, after, 1))
	}
}

func TestParseRequestErrors(t *testing.T) {
	many := "SignedHeaders=" + strings.Repeat("a;", 100) + "content-type;"
	for _, test := range []struct {
		name, code, text string
		r                func() *http.Request
	}{
		{"no signature", "MissingAuthenticationToken", "Request is missing Authentication Token",
			edited(t, func(r *http.Request) { r.Header.Del("Authorization") })},
		{"empty header", "MissingAuthenticationToken", "missing", edited(t, func(r *http.Request) { r.Header.Set("Authorization", "") })},
		{"Basic", "IncompleteSignature", "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
			edited(t, func(r *http.Request) { r.Header.Set("Authorization", "Basic c2VjcmV0") })},
		{"other algorithm", "IncompleteSignature", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'", edited(t, replaced("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"))},
		{"no date", "IncompleteSignature", "requires existence of either a 'X-Amz-Date' or a 'Date' header", edited(t, func(r *http.Request) { r.Header.Del("X-Amz-Date") })},
		{"wrong date", "IncompleteSignature", "Date must be in ISO-8601 'basic format'. Got '2015-08-30?'", edited(t, func(r *http.Request) { r.Header.Set("X-Amz-Date", "2015-08-30\x1b") })},
		{"fraction of a second", "IncompleteSignature", "Got '20150830T123600.5Z'", edited(t, func(r *http.Request) { r.Header.Set("X-Amz-Date", "20150830T123600.5Z") })},
		{"four elements", "IncompleteSignature", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/aws4_request'",
			edited(t, replaced("/codecommit", ""))},
		{"no key id", "IncompleteSignature", "exactly 5 slash-delimited", edited(t, replaced(exampleKeyID, ""))},
		{"wrong key id", "IncompleteSignature", "exactly 5 slash-delimited", edited(t, replaced(exampleKeyID, "AKIA EXAMPLE"))},
		{"line break in the scope", "IncompleteSignature", "exactly 5 slash-delimited", edited(t, replaced("/us-east-1/", "/us\neast-1/"))},
		{"no service", "IncompleteSignature", "exactly 5 slash-delimited", edited(t, replaced("/codecommit/", "//"))},
		{"wrong terminator", "SignatureDoesNotMatch", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.", edited(t, replaced("aws4_request", "aws5_request"))},
		{"other day", "SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != '20150830', from '20150830T123600Z'.",
			edited(t, replaced("/20150830/", "/20150831/"))},
		{"host unsigned", "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", edited(t, replaced("host;", ""))},
		{"target unsigned", "SignatureDoesNotMatch", "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.", edited(t, replaced(";x-amz-target", ""))},
		{"date unsigned", "SignatureDoesNotMatch", "'X-Amz-Date' must be a 'SignedHeader'", edited(t, replaced(";x-amz-date", ""))},
		{"headers out of order", "IncompleteSignature", "ascending order", edited(t, replaced("content-type;host", "host;content-type"))},
		{"header twice", "IncompleteSignature", "ascending order", edited(t, replaced("content-type;", "content-type;content-type;"))},
		{"upper-case header", "IncompleteSignature", "lower-case", edited(t, replaced("content-type", "Content-type"))},
		{"no header name", "IncompleteSignature", "lower-case", edited(t, replaced("content-type;", "content-type;;"))},
		{"too many headers", "IncompleteSignature", "More than 100 headers are signed.", edited(t, replaced("SignedHeaders=content-type;", many))},
		{"short signature", "IncompleteSignature", "64 lower-case hexadecimal digits", edited(t, func(r *http.Request) {
			r.Header.Set("Authorization", strings.TrimRight(r.Header.Get("Authorization"), "0123456789abcdef"))
			r.Header.Set("Authorization", r.Header.Get("Authorization")+"00")
		})},
		{"upper-case signature", "IncompleteSignature", "64 lower-case hexadecimal digits", edited(t, func(r *http.Request) {
			h := r.Header.Get("Authorization")
			r.Header.Set("Authorization", h[:len(h)-64]+strings.Repeat("AF", 32))
		})},
		{"field twice", "IncompleteSignature", "each once", edited(t, replaced("Credential=", "Credential=a, Credential="))},
		{"field in another case", "IncompleteSignature", "each once", edited(t, replaced("Credential=", "credential=a, Credential="))},
		{"field of another scheme", "IncompleteSignature", "each once", edited(t, replaced("Credential=", "Region=us-east-1, Credential="))},
		{"field without value", "IncompleteSignature", "each once", edited(t, replaced(", Signature=", ", Signature"))},
		{"two headers", "IncompleteSignature", "more than one Authorization header", edited(t, func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) })},
		{"huge header", "IncompleteSignature", "longer than 16384 bytes", edited(t, replaced("Credential=", "Credential="+strings.Repeat("A", 16<<10)))},
		{"huge token", "IncompleteSignature", "X-Amz-Security-Token is longer than 16384", edited(t, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", strings.Repeat("t", 16<<10+1)) })},
		{"token with a control character", "IncompleteSignature", "printable ASCII", edited(t, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "a\tb") })},
		{"huge query", "IncompleteSignature", "longer than 65536 bytes", edited(t, func(r *http.Request) { r.RequestURI = "/?" + strings.Repeat("a", 64<<10+1) })},
		{"malformed query", "MalformedQueryString", "syntax error", edited(t, func(r *http.Request) { r.RequestURI = "/?a=%zz" })},
		{"semicolon in the query", "MalformedQueryString", "syntax error", edited(t, func(r *http.Request) { r.RequestURI = "/?a=1;Action=DeleteUser" })},
		{"repeated header", "IncompleteSignature", "The header 'X-Amz-Target' is given more than once.", edited(t, func(r *http.Request) { r.Header.Add("X-Amz-Target", "x") })},
		{"header and query", "SignatureDoesNotMatch", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
			edited(t, func(r *http.Request) { r.RequestURI = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256" })},
		{"header and a signature in the query", "SignatureDoesNotMatch", "Found both", edited(t, func(r *http.Request) { r.RequestURI = "/?X-Amz-Signature=00" })},
		{"unsigned payload", "SignatureDoesNotMatch", "X-Amz-Content-Sha256 must be the SHA-256 hash", func() *http.Request {
			r := read(t, "POST", "/", []string{"X-Amz-Content-Sha256:UNSIGNED-PAYLOAD"}, "")
			SignHeader(r, "UNSIGNED-PAYLOAD", Credentials{AccessKeyID: "AKID"}, "sts", "us-east-1", suiteTime)
			return r
		}},
		{"presigned, nothing else", "IncompleteSignature", "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. " +
			"AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. " +
			"Re-examine the query-string parameters.", func() *http.Request { return read(t, "GET", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", nil, "") }},
		{"presigned, other algorithm", "IncompleteSignature", "Unsupported AWS 'algorithm'", presignedWith(t, "=AWS4-HMAC-SHA256", "=AWS4-HMAC-SHA1")},
		{"presigned, repeated parameter", "IncompleteSignature", "X-Amz-Date' is given more than once", presignedWith(t, "&X-Amz-Date=", "&x-amz-date=&X-Amz-Date=")},
		{"presigned for ever", "IncompleteSignature", "X-Amz-Expires must be a number of seconds from 1 to 604800.", presignedWith(t, "Expires=60", "Expires=604801")},
		{"presigned for no time", "IncompleteSignature", "X-Amz-Expires", presignedWith(t, "Expires=60", "Expires=0")},
		{"presigned for an empty time", "IncompleteSignature", "X-Amz-Expires", presignedWith(t, "Expires=60", "Expires=")},
		{"presigned with a sign", "IncompleteSignature", "X-Amz-Expires", presignedWith(t, "Expires=60", "Expires=-60")},
		{"presigned, HTTP date", "IncompleteSignature", "Date must be in ISO-8601", presignedWith(t, "Date=20150830T123600Z", "Date=Sun,%2030%20Aug%202015%2012:36:00%20GMT")},
		{"presigned, two tokens", "IncompleteSignature", "both a header and a query-string parameter", func() *http.Request {
			r := presigned(t)
			r.Header.Set("X-Amz-Security-Token", "x")
			return r
		}},
		{"presigned, unsigned header", "SignatureDoesNotMatch", "'X-Amz-Target' must be a 'SignedHeader'", func() *http.Request {
			r := presigned(t)
			r.Header.Set("X-Amz-Target", "x")
			return r
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := ParseRequest(test.r())
			if !awserr.Is(err, test.code) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v\nwant %s: …%s…", err, test.code, test.text)
			}
			if err != nil && (a != nil || strings.Contains(err.Error(), "c2VjcmV0") || strings.ContainsAny(err.Error(), "\x1b\r\n")) {
				t.Errorf("result %v with error %q", a, err)
			}
		})
	}
}

func edited(t *testing.T, edit func(*http.Request)) func() *http.Request {
	return func() *http.Request {
		r := signed(t, "/")
		edit(r)
		return r
	}
}

func presignedWith(t *testing.T, before, after string) func() *http.Request {
	return func() *http.Request {
		r := presigned(t)
		if !strings.Contains(r.RequestURI, before) {
			t.Fatalf("%s has no %s", r.RequestURI, before)
		}
		r.RequestURI = strings.Replace(r.RequestURI, before, after, 1)
		return r
	}
}

// A body hash that is signed but is not the body's own does not pass.
func TestBodyHash(t *testing.T) {
	r := read(t, "POST", "/", []string{"X-Amz-Content-Sha256:" + hash("other")}, "")
	SignHeader(r, hash("body"), Credentials{AccessKeyID: "AKID", Secret: secret.New("s")}, "sts", "us-east-1", suiteTime)
	a, err := ParseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.Verify(r, hash("body"), DeriveKey("s", a.Date, a.Region, a.Service)) {
		t.Error("accepted")
	}
}

func TestCheckWindow(t *testing.T) {
	header := &Auth{Time: suiteTime}
	minute := &Auth{Time: suiteTime, Presigned: true, Expires: time.Minute}
	seconds := &Auth{Time: suiteTime, Presigned: true, Expires: 90 * time.Second}
	for _, test := range []struct {
		a    *Auth
		late time.Duration
		want string
	}{
		{header, 0, ""},
		{header, 5 * time.Minute, ""},
		{header, 5*time.Minute + time.Second, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"},
		{header, -5 * time.Minute, ""},
		{header, -5*time.Minute - time.Second, "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
		{minute, 6 * time.Minute, ""},
		{minute, 6*time.Minute + time.Second, "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124201Z - 6 min.)"},
		{seconds, 10 * time.Minute, "Signature expired: 20150830T123600Z is now earlier than 20150830T123930Z (20150830T124600Z - 390 sec.)"},
		{minute, -6 * time.Minute, "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T123000Z + 5 min.)"},
	} {
		err := test.a.CheckWindow(suiteTime.Add(test.late))
		if test.want == "" && err != nil || test.want != "" && (!awserr.Is(err, "SignatureDoesNotMatch") || awserr.From(err).Message != test.want) {
			t.Errorf("%v late: error %v, want %s", test.late, err, test.want)
		}
	}
}

func TestSignHeaderReplacesAnOldSignature(t *testing.T) {
	r := signed(t, "/")
	long := Credentials{AccessKeyID: "AKIALONG", Secret: secret.New("s")}
	SignHeader(r, hash(""), long, "codecommit", "us-east-1", suiteTime)
	a, err := ParseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.Token != "" || slices.Contains(a.SignedHeaders, "x-amz-security-token") || a.AccessKeyID != "AKIALONG" {
		t.Errorf("signed %+v", a)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := signed(b, "/")
	key := DeriveKey(exampleSecret, "20150830", "us-east-1", "codecommit")
	body := hash("")
	for b.Loop() {
		a, err := ParseRequest(r)
		if err != nil || !a.Verify(r, body, key) {
			b.Fatal("refused")
		}
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	for b.Loop() {
		DeriveKey(exampleSecret, "20150830", "us-east-1", "codecommit")
	}
}
