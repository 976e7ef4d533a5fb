package sigv4

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sojourn/internal/secret"
)

// The requests and signatures of AWS's published Signature Version 4 test
// suite, in its editions of 2011 (signed Date header), 2015 and 2024 (which
// adds the presigned forms). All of them use one key.
const (
	suiteKeyID  = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteHost   = "example.amazonaws.com"
	suiteToken  = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
	stsToken    = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
	unreserved  = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	form        = "Content-Type:application/x-www-form-urlencoded"
	formHash    = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

type vector struct {
	name, method, target string
	headers              []string // as on the wire, without Host, X-Amz-Date and Authorization
	body                 string
	signed               string // SignedHeaders of the header form
	signature            string // of the header form
	query                string // signature of the presigned form, valid for 3,600 seconds
	token                string
	verifyOnly           bool // signs headers that SignHeader leaves to net/http
}

var vectors = []vector{
	{name: "get-vanilla", method: "GET", target: "/", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "get-vanilla-query-order-key-case", method: "GET", target: "/?Param2=value2&Param1=value1",
		signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		query:     "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
	{name: "get-vanilla-query-order-encoded", method: "GET", target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
		signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
		query:     "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
	{name: "get-vanilla-empty-query-key", method: "GET", target: "/?Param1=value1",
		signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
		query:     "49096700cbbaa5753443850f40df10f904fc2fdb544dc9512203cc77c471a9de"},
	{name: "get-vanilla-query-unreserved", method: "GET", target: "/?" + unreserved + "=" + unreserved,
		signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
		query:     "8e76a88a7433637b12778d5592799b29ad21ecd6cf6325051c21d86f0acda2bf"},
	{name: "get-vanilla-utf8-query", method: "GET", target: "/?ሴ=bar",
		signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
		query:     "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600"},
	{name: "get-vanilla-with-session-token", method: "GET", target: "/", token: suiteToken,
		signed:    "host;x-amz-date;x-amz-security-token",
		signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
		query:     "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"},
	{name: "get-unreserved", method: "GET", target: "/" + unreserved,
		signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
		query:     "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005"},
	{name: "get-utf8", method: "GET", target: "/ሴ",
		signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
		query:     "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"},
	{name: "get-space", method: "GET", target: "/example space/",
		signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
		query:     "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6"},
	{name: "normalize-path/get-relative", method: "GET", target: "/example/..",
		signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
		query:     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
	{name: "normalize-path/get-relative-relative", method: "GET", target: "/example1/example2/../..",
		signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "normalize-path/get-slash", method: "GET", target: "//",
		signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "normalize-path/get-slash-dot-slash", method: "GET", target: "/./",
		signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{name: "normalize-path/get-slash-pointless-dot", method: "GET", target: "/./example",
		signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
		query:     "35034b1a0bdd969f346975386daf8aedfd4976573b8348cf4f67eaa41c5857de"},
	{name: "normalize-path/get-slashes", method: "GET", target: "//example//",
		signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
		query:     "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082"},
	{name: "get-header-key-duplicate", method: "GET", target: "/", signed: "host;my-header1;x-amz-date",
		headers:   []string{"My-Header1:value2", "My-Header1:value2", "My-Header1:value1"},
		signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
		query:     "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97"},
	{name: "get-header-value-multiline", method: "GET", target: "/", signed: "host;my-header1;x-amz-date",
		headers:   []string{"My-Header1:value1\r\n  value2\r\n     value3"},
		signature: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
		query:     "e6f5def831211aca02987a44b96826706278c7bc078112ae0263659c5b2f2d56"},
	{name: "get-header-value-order", method: "GET", target: "/", signed: "host;my-header1;x-amz-date",
		headers:   []string{"My-Header1:value4", "My-Header1:value1", "My-Header1:value3", "My-Header1:value2"},
		signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
		query:     "313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e"},
	{name: "get-header-value-trim", method: "GET", target: "/", signed: "host;my-header1;my-header2;x-amz-date",
		headers:   []string{"My-Header1: value1", `My-Header2: "a   b   c"`},
		signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
		query:     "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4"},
	{name: "post-vanilla", method: "POST", target: "/",
		signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
		query:     "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
	{name: "post-vanilla-query", method: "POST", target: "/?Param1=value1",
		signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{name: "post-header-key-case", method: "POST", target: "/",
		headers: []string{"MY-HEADER1:value1"}, signed: "host;my-header1;x-amz-date",
		signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{name: "post-header-key-sort", method: "POST", target: "/",
		headers: []string{"My-Header1:value1"}, signed: "host;my-header1;x-amz-date",
		signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
		query:     "c09d07e0d55871f10f2a6d350d994acf6825a3cae70673d7def55616e6119dd7"},
	{name: "post-header-value-case", method: "POST", target: "/",
		headers: []string{"My-Header1:VALUE1"}, signed: "host;my-header1;x-amz-date",
		signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
	{name: "post-sts-header-before", method: "POST", target: "/", token: stsToken,
		signed:    "host;x-amz-date;x-amz-security-token",
		signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	{name: "post-x-www-form-urlencoded", method: "POST", target: "/", body: "Param1=value1",
		headers: []string{form, "Content-Length:13"}, signed: "content-type;host;x-amz-date",
		signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{name: "post-x-www-form-urlencoded-parameters", method: "POST", target: "/", body: "Param1=value1",
		headers: []string{form + "; charset=utf8", "Content-Length:13"}, signed: "content-type;host;x-amz-date",
		signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	{name: "post-x-www-form-urlencoded, 2024", method: "POST", target: "/", body: "Param1=value1", verifyOnly: true,
		headers:   []string{form, "Content-Length:13", "x-amz-content-sha256:" + formHash},
		signed:    "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
		query:     "c2348f57d08c84939944d6c878b3f7be56316f8e7fd6817e81eded279a362d69"},
	{name: "post-x-www-form-urlencoded-parameters, 2024", method: "POST", target: "/", body: "Param1=value1", verifyOnly: true,
		headers:   []string{form + "; charset=utf-8", "Content-Length:13", "x-amz-content-sha256:" + formHash},
		signed:    "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
}

// read parses the text of a request as the server does.
func read(t testing.TB, method, target string, headers []string, body string) *http.Request {
	t.Helper()
	wire := strings.ReplaceAll(target, " ", "%20")
	text := method + " " + wire + " HTTP/1.1\r\nHost:" + suiteHost + "\r\n" + strings.Join(append(headers, "", ""), "\r\n") + body
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatalf("reading the request: %v", err)
	}
	r.RequestURI = target // net/http reads no bare space; the suite has one
	return r
}

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func (v vector) credentials() Credentials {
	return Credentials{AccessKeyID: suiteKeyID, Secret: secret.New(suiteSecret), Token: v.token}
}

func (v vector) authorization() string {
	signed := v.signed
	if signed == "" {
		signed = "host;x-amz-date"
	}
	return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + signed + ", Signature=" + v.signature
}

func TestSuiteSignHeader(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			if v.verifyOnly {
				return
			}
			r := read(t, v.method, v.target, v.headers, v.body)
			SignHeader(r, hash(v.body), v.credentials(), "service", "us-east-1", suiteTime)
			if got := r.Header.Get("Authorization"); got != v.authorization() {
				t.Errorf("Authorization\n got %s\nwant %s", got, v.authorization())
			}
		})
	}
}

func TestSuiteVerifyHeader(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			headers := append([]string{"X-Amz-Date:20150830T123600Z", "Authorization:" + v.authorization()}, v.headers...)
			if v.token != "" {
				headers = append(headers, "X-Amz-Security-Token:"+v.token)
			}
			checkSuite(t, read(t, v.method, v.target, headers, v.body), v, false)
			// Some clients leave out the space behind the comma.
			headers[1] = strings.ReplaceAll(headers[1], ", ", ",")
			checkSuite(t, read(t, v.method, v.target, headers, v.body), v, false)
		})
	}
}

func TestSuiteVerifyPresigned(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			if v.query == "" {
				return
			}
			checkSuite(t, read(t, v.method, v.presigned(), v.headers, v.body), v, true)
		})
	}
}

// presigned is the target with the suite's query parameters in the suite's order.
func (v vector) presigned() string {
	var signed []string
	for _, name := range strings.Split(strings.TrimPrefix(v.authorization(), "AWS4-HMAC-SHA256 "), ", ") {
		if list, ok := strings.CutPrefix(name, "SignedHeaders="); ok {
			for _, h := range strings.Split(list, ";") {
				if h != "x-amz-date" && h != "x-amz-security-token" {
					signed = append(signed, h)
				}
			}
		}
	}
	q := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request" +
		"&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=" + strings.Join(signed, "%3B") + "&X-Amz-Expires=3600"
	if v.token != "" {
		q += "&X-Amz-Security-Token=" + url.QueryEscape(v.token)
	}
	q += "&X-Amz-Signature=" + v.query
	if strings.Contains(v.target, "?") {
		return v.target + "&" + q
	}
	return v.target + "?" + q
}

func TestSuitePresign(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			if v.query == "" || v.body != "" {
				return
			}
			r := read(t, v.method, v.target, v.headers, v.body)
			u := Presign(r, v.credentials(), "service", "us-east-1", suiteTime, time.Hour)
			if got := u.Query().Get("X-Amz-Signature"); got != v.query {
				t.Errorf("signature %s, want %s", got, v.query)
			}
		})
	}
}

func checkSuite(t *testing.T, r *http.Request, v vector, presigned bool) {
	t.Helper()
	a, err := ParseRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.AccessKeyID != suiteKeyID || a.Date != "20150830" || a.Region != "us-east-1" || a.Service != "service" ||
		!a.Time.Equal(suiteTime) || a.Token != v.token || a.Presigned != presigned {
		t.Errorf("parsed %+v", a)
	}
	key := DeriveKey(suiteSecret, a.Date, a.Region, a.Service)
	if !a.Verify(r, hash(v.body), key) {
		t.Error("the published signature is refused")
	}
	if a.Verify(r, hash(v.body+"x"), key) {
		t.Error("the signature is accepted for another body")
	}
	if a.Verify(r, hash(v.body), DeriveKey(suiteSecret, a.Date, "us-east-2", a.Service)) {
		t.Error("the signature is accepted with another key")
	}
}

// The suite of 2011 signs the Date header, as botocore still does when it finds one.
func TestSuiteDateHeader(t *testing.T) {
	for _, v := range []vector{
		{name: "get-vanilla", method: "GET", target: "/", signed: "date;host",
			signature: "b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470"},
		{name: "post-x-www-form-urlencoded", method: "POST", target: "/", signed: "content-type;date;host", body: "foo=bar",
			headers:   []string{form, "Content-Length:7"},
			signature: "5a15b22cf462f047318703b92e6f4f38884e4a7ab7b1d6426ca46a8bd1c26cbc"},
		{name: "post-vanilla-query", method: "POST", target: "/?foo=bar", signed: "date;host",
			signature: "b6e3b79003ce0743a491606ba1035a804593b0efb1e20a11cba83f8c25a57a92"},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := read(t, v.method, v.target, append(v.headers, "Date:Mon, 09 Sep 2011 23:36:00 GMT",
				"Authorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, SignedHeaders="+v.signed+", Signature="+v.signature), v.body)
			r.Host = "host.foo.com"
			a, err := ParseRequest(r)
			if err != nil {
				t.Fatal(err)
			}
			if !a.Verify(r, hash(v.body), DeriveKey(suiteSecret, a.Date, a.Region, a.Service)) {
				t.Error("the published signature is refused")
			}
		})
	}
}

// post-sts-header-after adds the token once the request is signed. A token
// that is not signed could be exchanged on the way, so that form is refused.
func TestSuiteTokenAddedAfterSigning(t *testing.T) {
	v := vector{signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"}
	r := read(t, "POST", "/", []string{"X-Amz-Date:20150830T123600Z", "Authorization:" + v.authorization(), "X-Amz-Security-Token:" + stsToken}, "")
	if _, err := ParseRequest(r); err == nil || !strings.Contains(err.Error(), "'X-Amz-Security-Token' must be a 'SignedHeader'") {
		t.Errorf("error %v", err)
	}
}

func TestDeriveKey(t *testing.T) { // the example of AWS's own description of the derivation
	key := DeriveKey(suiteSecret, "20150830", "us-east-1", "iam")
	if got := hex.EncodeToString(key[:]); got != "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9" {
		t.Errorf("key %s", got)
	}
}
