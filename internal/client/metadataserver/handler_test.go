package metadataserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const (
	roleARN        = "arn:aws:iam::111122223333:role/ci/Builder"
	secretKey      = "the-secret-access-key"
	sessionToken   = "the-session-token"
	containerToken = "the-container-token"
	rolePath       = "/latest/meta-data/iam/security-credentials/Builder"
)

// world is a handler with credentials and a clock.
type world struct {
	*Handler
	t    *testing.T
	time time.Time
	err  error // there are no credentials
	cred Credentials
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, time: noon, cred: Credentials{Credentials: sigv4.Credentials{AccessKeyID: "ASIAEXAMPLE", Secret: secret.New(secretKey), Token: sessionToken},
		RoleARN: roleARN, Issued: noon, Expires: noon.Add(time.Hour)}}
	o := Options{Now: func() time.Time { return w.time }, Region: "eu-central-1", RoleARN: roleARN, HopLimit: 1,
		Credentials: func() (Credentials, error) { return w.cred, w.err }, ContainerToken: secret.New(containerToken),
		Hosts: []string{"127.0.0.1", "localhost", "169.254.169.254"}, Local: func(a netip.Addr) bool { return a.IsLoopback() }}
	for _, f := range change {
		f(&o)
	}
	w.Handler = New(o)
	return w
}

// request is one as an SDK makes it; changes make it another.
func request(method, path string, changes ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Host, r.RemoteAddr = "127.0.0.1:1338", "127.0.0.1:40000"
	for _, f := range changes {
		f(r)
	}
	return r
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	w.ServeHTTP(out, r)
	return out
}

// token gets one as SDKs do.
func (w *world) token() string {
	w.t.Helper()
	got := w.do(request("PUT", apiToken, with(ttlHeader, "21600")))
	if got.Code != 200 || got.Header().Get(ttlHeader) != "21600" {
		w.t.Fatalf("the token: %d %s", got.Code, got.Body)
	}
	return got.Body.String()
}

// The way that every SDK goes: token, role, credentials.
func TestInstanceMetadata(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.InstanceID = "i-1234567890abcdef0" })
	token := w.token()
	get := func(path string) string {
		t.Helper()
		got := w.do(request("GET", path, with(tokenHeader, token)))
		if got.Code != 200 || got.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %s", path, got.Code, got.Body)
		}
		return got.Body.String()
	}
	for path, want := range map[string]string{
		"/latest/meta-data/iam/security-credentials/":   "Builder",
		"/latest/meta-data/iam/security-credentials":    "Builder",
		"/latest/meta-data/placement/region":            "eu-central-1",
		"/latest/meta-data/placement/availability-zone": "eu-central-1a",
		"/latest/meta-data/instance-id":                 "i-1234567890abcdef0",
		"/latest/meta-data/":                            "iam/\ninstance-id\nplacement/",
		"/latest/meta-data/iam/":                        "info\nsecurity-credentials/",
		"/latest/":                                      "dynamic\nmeta-data",
		"/latest/dynamic/instance-identity/":            "document",
		"/latest/dynamic/":                              "instance-identity/",
		"/latest/meta-data/placement/":                  "availability-zone\nregion",
	} {
		if got := get(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	var c answer
	if err := json.Unmarshal([]byte(get(rolePath)), &c); err != nil {
		t.Fatal(err)
	}
	want := answer{Code: "Success", LastUpdated: "2026-11-26T12:00:00Z", Type: "AWS-HMAC", AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secretKey,
		Token: sessionToken, Expiration: "2026-11-26T13:00:00Z", AccountID: "111122223333"}
	if c != want {
		t.Errorf("%+v", c)
	}
	var doc map[string]string
	if err := json.Unmarshal([]byte(get("/latest/dynamic/instance-identity/document")), &doc); err != nil || doc["region"] != "eu-central-1" || doc["accountId"] != "111122223333" || doc["instanceId"] == "" {
		t.Errorf("%v %v", doc, err)
	}
	for _, path := range []string{"/latest/meta-data/iam/info", "/latest/meta-data/iam/security-credentials-extended/", "/latest/meta-data/ami-id", "/", "/latest/user-data"} {
		if got := w.do(request("GET", path, with(tokenHeader, token))); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
	w.cred.ProfileARN, w.cred.ProfileID = "arn:aws:iam::111122223333:instance-profile/web", "AIPAEXAMPLE"
	if info := get("/latest/meta-data/iam/info"); !strings.Contains(info, w.cred.ProfileARN) || !strings.Contains(info, "AIPAEXAMPLE") {
		t.Error(info)
	}
}

func TestContainerEndpoint(t *testing.T) {
	w := newWorld(t)
	got := w.do(request("GET", ContainerPath, with("Authorization", containerToken)))
	want := `{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"` + secretKey + `","Token":"` + sessionToken + `","Expiration":"2026-11-26T13:00:00Z","RoleArn":"` + roleARN + `","AccountId":"111122223333"}`
	if got.Code != 200 || strings.TrimSpace(got.Body.String()) != want {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// Without credentials everything says so, and nothing is half there.
func TestNoCredentials(t *testing.T) {
	w := newWorld(t)
	w.err = errors.New("the server is away")
	token := w.token()
	for path, want := range map[string]int{rolePath: 503, "/latest/meta-data/iam/security-credentials/": 200, "/latest/meta-data/iam/info": 503, "/latest/meta-data/placement/region": 200} {
		if got := w.do(request("GET", path, with(tokenHeader, token))); got.Code != want || strings.Contains(got.Body.String(), "away") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if got := w.do(request("GET", ContainerPath, with("Authorization", containerToken))); got.Code != 503 || !strings.Contains(got.Body.String(), `"code":"ServiceUnavailable"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	held := newWorld(t, func(o *Options) { o.RoleARN = "" })
	held.err = w.err
	if got := held.do(request("GET", "/latest/meta-data/iam/security-credentials/", with(tokenHeader, held.token()))); got.Code != 503 {
		t.Errorf("the role of an instance profile that is not known yet: %d", got.Code)
	}
}

// Each attack gets no credentials and no token, and this status.
func TestAttacks(t *testing.T) {
	foreign := newWorld(t).token()
	for _, a := range []struct {
		name   string
		status int
		r      func(w *world) *http.Request
		change func(*Options)
	}{
		{"IMDSv1", 401, func(w *world) *http.Request { return request("GET", rolePath) }, nil},
		{"an empty token", 401, func(w *world) *http.Request { return request("GET", rolePath, with(tokenHeader, "")) }, func(o *Options) { o.V1 = true }},
		{"an expired token", 401, func(w *world) *http.Request {
			token := w.do(request("PUT", apiToken, with(ttlHeader, "1"))).Body.String()
			w.time = w.time.Add(time.Second)
			return request("GET", rolePath, with(tokenHeader, token))
		}, nil},
		{"another machine's token", 401, func(w *world) *http.Request { return request("GET", rolePath, with(tokenHeader, foreign)) }, nil},
		{"a token with another end", 401, func(w *world) *http.Request {
			token := w.do(request("PUT", apiToken, with(ttlHeader, "1"))).Body.String()
			w.time = w.time.Add(time.Second)
			return request("GET", rolePath, with(tokenHeader, "AAAB"+token[4:]))
		}, nil},
		{"a wrong token where none is needed", 401, func(w *world) *http.Request { return request("GET", rolePath, with(tokenHeader, "x")) }, func(o *Options) { o.V1 = true }},
		{"two tokens, one of them good", 401, func(w *world) *http.Request {
			return request("GET", rolePath, with(tokenHeader, "x"), with(tokenHeader, w.token()))
		}, nil},
		{"the token in the query", 401, func(w *world) *http.Request { return request("GET", rolePath+"?"+tokenHeader+"="+w.token()) }, nil},
		{"GET for the token", 405, func(w *world) *http.Request { return request("GET", apiToken, with(ttlHeader, "60")) }, nil},
		{"POST for the token", 405, func(w *world) *http.Request { return request("POST", apiToken, with(ttlHeader, "60")) }, nil},
		{"a token without a lifetime", 400, func(w *world) *http.Request { return request("PUT", apiToken) }, nil},
		{"a lifetime of 0", 400, func(w *world) *http.Request { return request("PUT", apiToken, with(ttlHeader, "0")) }, nil},
		{"a lifetime of 21601", 400, func(w *world) *http.Request { return request("PUT", apiToken, with(ttlHeader, "21601")) }, nil},
		{"a lifetime below 0", 400, func(w *world) *http.Request { return request("PUT", apiToken, with(ttlHeader, "-1")) }, nil},
		{"a lifetime that overflows", 400, func(w *world) *http.Request { return request("PUT", apiToken, with(ttlHeader, "18446744073709551617")) }, nil},
		{"two lifetimes", 400, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with(ttlHeader, "70"))
		}, nil},
		{"a token through a proxy (X-Forwarded-For)", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with("X-Forwarded-For", "203.0.113.9"))
		}, nil},
		{"an empty X-Forwarded-For", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with("X-Forwarded-For", ""))
		}, nil},
		{"a token through a proxy (Forwarded)", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with("Forwarded", "for=203.0.113.9"))
		}, nil},
		{"a token through a proxy (Via)", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with("Via", "1.1 squid"))
		}, nil},
		{"a name that was rebound to us", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.Host = "evil.example:1338" })
		}, nil},
		{"a name that begins as ours", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.Host = "localhost.evil.example" })
		}, nil},
		{"no Host", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.Host = "" })
		}, nil},
		{"a page of another origin", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), with("Origin", "https://evil.example"))
		}, nil},
		{"a page's link", 403, func(w *world) *http.Request {
			return request("GET", rolePath, with(tokenHeader, w.token()), with("Referer", "https://evil.example/"))
		}, nil},
		{"a browser that tells where it comes from", 403, func(w *world) *http.Request {
			return request("GET", rolePath, with(tokenHeader, w.token()), with("Sec-Fetch-Site", "cross-site"))
		}, nil},
		{"the form for proxies", 400, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.RequestURI = "http://127.0.0.1:1338" + apiToken })
		}, nil},
		{"another request in the body", 400, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("GET / HTTP/1.1\r\n\r\n")), -1
			})
		}, nil},
		{"a neighbour on the network", 403, func(w *world) *http.Request {
			return request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.RemoteAddr = "192.0.2.7:40000" })
		}, nil},
		{"POST to the role", 405, func(w *world) *http.Request { return request("POST", rolePath, with(tokenHeader, w.token())) }, nil},
		{"PUT to the role", 405, func(w *world) *http.Request { return request("PUT", rolePath, with(tokenHeader, w.token())) }, nil},
		{"DELETE of the role", 405, func(w *world) *http.Request { return request("DELETE", rolePath, with(tokenHeader, w.token())) }, nil},
		{"CONNECT", 405, func(w *world) *http.Request { return request("CONNECT", rolePath, with(tokenHeader, w.token())) }, nil},
		{"a path that climbs", 404, func(w *world) *http.Request {
			return request("GET", "/latest/meta-data/../meta-data/iam/security-credentials/Builder", with(tokenHeader, w.token()))
		}, nil},
		{"a path that climbs, encoded", 404, func(w *world) *http.Request {
			return request("GET", "/latest/meta-data/%2e%2e/meta-data/iam/security-credentials/Builder", with(tokenHeader, w.token()))
		}, nil},
		{"a path with empty segments", 404, func(w *world) *http.Request {
			return request("GET", "/latest//meta-data/iam/security-credentials/Builder", with(tokenHeader, w.token()))
		}, nil},
		{"a file", 404, func(w *world) *http.Request {
			return request("GET", roles+"..%2f..%2fetc%2fpasswd", with(tokenHeader, w.token()))
		}, nil},
		{"another role", 404, func(w *world) *http.Request { return request("GET", roles+"Admin", with(tokenHeader, w.token())) }, nil},
		{"a role in other letters", 404, func(w *world) *http.Request { return request("GET", roles+"builder", with(tokenHeader, w.token())) }, nil},
		{"container: no token", 401, func(w *world) *http.Request { return request("GET", ContainerPath) }, nil},
		{"container: a wrong token", 401, func(w *world) *http.Request {
			return request("GET", ContainerPath, with("Authorization", containerToken+"x"))
		}, nil},
		{"container: the token's beginning", 401, func(w *world) *http.Request {
			return request("GET", ContainerPath, with("Authorization", containerToken[:5]))
		}, nil},
		{"container: two tokens", 401, func(w *world) *http.Request {
			return request("GET", ContainerPath, with("Authorization", containerToken), with("Authorization", "x"))
		}, nil},
		{"container: an IMDS token", 401, func(w *world) *http.Request { return request("GET", ContainerPath, with(tokenHeader, w.token())) }, nil},
		{"container: turned off, and an empty token", 401, func(w *world) *http.Request { return request("GET", ContainerPath, with("Authorization", "")) },
			func(o *Options) { o.ContainerToken = secret.String{} }},
		{"container: POST", 405, func(w *world) *http.Request {
			return request("POST", ContainerPath, with("Authorization", containerToken))
		}, nil},
		{"container: through a proxy", 403, func(w *world) *http.Request {
			return request("GET", ContainerPath, with("Authorization", containerToken), with("X-Forwarded-For", "203.0.113.9"))
		}, nil},
		{"IMDS turned off: a token", 404, func(w *world) *http.Request { return request("PUT", apiToken, with(ttlHeader, "60")) }, func(o *Options) { o.NoIMDS = true }},
		{"credentials past their end", 503, func(w *world) *http.Request {
			r := request("GET", rolePath, with(tokenHeader, w.token()))
			w.err = errNone // what a keeper says then
			return r
		}, nil},
	} {
		t.Run(a.name, func(t *testing.T) {
			w := newWorld(t)
			if a.change != nil {
				w = newWorld(t, a.change)
			}
			got := w.do(a.r(w))
			body := got.Body.String()
			if got.Code != a.status {
				t.Errorf("%d %s, want %d", got.Code, body, a.status)
			}
			if strings.Contains(body, secretKey) || strings.Contains(body, sessionToken) || w.tokens.good(body, w.time) {
				t.Errorf("it gave out %s", body)
			}
		})
	}
}

// What is on: the good twin of what the attacks show to be off.
func TestOptions(t *testing.T) {
	if got := newWorld(t, func(o *Options) { o.V1 = true }).do(request("GET", rolePath)); got.Code != 200 {
		t.Errorf("IMDSv1 where it is allowed: %d", got.Code)
	}
	w := newWorld(t, func(o *Options) { o.Allowed = []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16")} })
	from := func(a string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = a } }
	if got := w.do(request("PUT", apiToken, with(ttlHeader, "60"), from("172.17.0.2:999"))); got.Code != 200 {
		t.Errorf("a container that is allowed: %d", got.Code)
	}
	if got := w.do(request("PUT", apiToken, with(ttlHeader, "60"), from("172.18.0.2:999"))); got.Code != 403 {
		t.Errorf("a container that is not: %d", got.Code)
	}
	for _, host := range []string{"169.254.169.254", "LOCALHOST:1338", "127.0.0.1"} {
		if got := w.do(request("PUT", apiToken, with(ttlHeader, "60"), func(r *http.Request) { r.Host = host })); got.Code != 200 {
			t.Errorf("asked as %s: %d", host, got.Code)
		}
	}
	if !isLocal(netip.MustParseAddr("127.9.9.9")) || isLocal(netip.MustParseAddr("192.0.2.7")) {
		t.Error("isLocal")
	}
}

func contextOf(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// An answer with a token dies after so many hops, and before one the connection is as it was.
func TestHopLimit(t *testing.T) {
	w := newWorld(t)
	var hops []int
	w.hop = func(_ net.Conn, n int) error { hops = append(hops, n); return nil }
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	in := func(r *http.Request) { *r = *r.WithContext(contextOf(r.Context(), a)) }
	w.do(request("GET", rolePath, with(tokenHeader, w.token()), in))
	if len(hops) != 0 {
		t.Errorf("after a GET: %v", hops)
	}
	w.do(request("PUT", apiToken, with(ttlHeader, "60"), in))
	if len(hops) != 1 || hops[0] != 1 {
		t.Errorf("after a PUT: %v", hops)
	}
	w.hop = func(net.Conn, int) error { return errors.New("no") }
	if got := w.do(request("PUT", apiToken, with(ttlHeader, "60"), in)); got.Code != 500 {
		t.Errorf("a limit that cannot be set: %d %s", got.Code, got.Body)
	}
}

func TestCheckListen(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:1338": true, "[::1]:80": true, "169.254.169.254:80": true, "169.254.170.2:80": true, "[fd00:ec2::254]:80": true, "[fe80::1]:80": true,
		"0.0.0.0:80": false, "[::]:80": false, ":80": false, "192.168.1.1:80": false, "203.0.113.1:80": false, "localhost:80": false, "127.0.0.1": false,
		"[::ffff:192.168.1.1]:80": false, "[::ffff:127.0.0.1]:80": true,
	} {
		if err := CheckListen(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// No request without its token is given the credentials, whatever it looks like.
func FuzzHandler(f *testing.F) {
	f.Add("GET", rolePath, "127.0.0.1", tokenHeader, "x")
	f.Add("PUT", apiToken, "localhost", ttlHeader, "60")
	f.Add("GET", ContainerPath, "127.0.0.1", "Authorization", "Basic x")
	f.Add("GET", "/latest/meta-data/%2e%2e/", "evil", "X-Forwarded-For", "a")
	f.Fuzz(func(t *testing.T, method, path, host, name, value string) {
		w := newWorld(t)
		r, err := http.NewRequest(method, "http://127.0.0.1"+path, nil)
		if err != nil {
			return
		}
		r.RequestURI, r.Host, r.RemoteAddr = r.URL.RequestURI(), host, "127.0.0.1:1"
		r.Header.Set(name, value)
		got := w.do(r)
		if body := got.Body.String(); strings.Contains(body, secretKey) || strings.Contains(body, sessionToken) {
			t.Errorf("%s %q of %q with %s: %s gives %s", method, path, host, name, value, body)
		}
		if got.Code < 200 || got.Code > 599 {
			t.Errorf("status %d", got.Code)
		}
	})
}

// No text is a token but those that were issued.
func FuzzToken(f *testing.F) {
	issued := newTokens()
	f.Add(issued.issue(noon.Add(time.Hour)))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if newTokens().good(text, noon) {
			t.Errorf("%q is good", text)
		}
	})
}
