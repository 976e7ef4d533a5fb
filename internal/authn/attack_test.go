package authn

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

const (
	noSignature = awserr.MissingAuthentication
	incomplete  = awserr.IncompleteSignature
	mismatch    = awserr.SignatureDoesNotMatch
	badKey      = awserr.InvalidClientTokenID

	whoami = "Action=GetCallerIdentity&Version=2011-06-15"
	differ = "The request signature we calculated does not match"
)

// admit asks who a request is from, as the door does.
func (w *world) admit(r *http.Request, body string) (*principal.Caller, error) {
	auth, err := sigv4.ParseRequest(r)
	if err != nil {
		return nil, err
	}
	if err := auth.CheckWindow(w.now); err != nil {
		return nil, err
	}
	return w.API(w.t.Context(), r, auth, hashOf(body), RequestInfo{})
}

// attack is a request that must be refused: by which code, and with which words.
// The words make the entry fail when its check goes, even where a later one
// would still refuse.
type attack struct {
	class, name, code, text string
	forgery
}

func TestAttacks(t *testing.T) {
	w := newWorld(t)
	all := slices.Concat(unsignedAttacks(), repeatedAttacks(), mixedAttacks(), presignedAttacks(), windowAttacks(w), scopeAttacks(),
		pathAttacks(), queryAttacks(), bodyAttacks(), algorithmAttacks(), fieldAttacks(), keyAttacks(w))
	classes := map[string]int{}
	for _, a := range all {
		classes[a.class]++
		r := a.make(w)
		body := a.body
		if body == "" && !a.presigned {
			body = whoami
		}
		c, err := w.admit(r, body)
		if e := awserr.From(err); err == nil || c != nil || e.Code != a.code || !strings.Contains(e.Message, a.text) {
			t.Errorf("%s: %s: %+v %v, want %s: %s", a.class, a.name, c, err, a.code, a.text)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-10s %3d", class, classes[class])
	}
	if len(all) < 60 {
		t.Errorf("%d attacks, want at least 60", len(all))
	}
}

// TestBenign are the requests that the attacks are made from, and odd ones of honest clients.
func TestBenign(t *testing.T) {
	w := newWorld(t)
	for name, f := range map[string]forgery{
		"header":              {},
		"presigned":           {presigned: true},
		"a week":              {presigned: true, expires: "604800"},
		"no lifetime":         {presigned: true, without: "X-Amz-Expires"},
		"long-term key":       {cred: &maria, signed: "content-type;host;x-amz-date"},
		"other headers":       {headers: []string{"User-Agent: aws-cli/2", "Amz-Sdk-Request: attempt=1"}},
		"the body's hash":     {headers: []string{"X-Amz-Content-Sha256: " + hashOf(whoami)}, signed: "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"},
		"a path":              {target: "/a%20b/c/", path: "/a%2520b/c/"},
		"dots in the path":    {target: "/x/../a/./b", path: "/a/b"},
		"query, encoded":      {target: "/?b=%7E%2f&a=1+2", query: "a=1%202&b=~%2F"},
		"query without value": {target: "/?flag", query: "flag="},
		"five minutes late":   {stamp: w.now.Add(-5 * time.Minute).Format(sigv4.TimeFormat)},
		"five minutes early":  {stamp: w.now.Add(5 * time.Minute).Format(sigv4.TimeFormat)},
		"global":              {scope: "20261124/us-east-1/sts/aws4_request"},
	} {
		r := f.make(w)
		body := whoami
		if f.presigned {
			body = ""
		}
		if c, err := w.admit(r, body); err != nil || c.Account != account {
			t.Errorf("%s: %+v %v", name, c, err)
		}
	}
}

// unsignedAttacks leave parts out of the signature, which is otherwise good.
func unsignedAttacks() (all []attack) {
	for _, c := range []struct{ name, header, signed, code, text string }{
		{"host", "", "content-type;x-amz-date;x-amz-security-token", mismatch, "'Host' or ':authority' must be a 'SignedHeader'"},
		{"nothing but the date", "", "x-amz-date", mismatch, "'Host' or ':authority' must be"},
		{"date", "", "content-type;host;x-amz-security-token", mismatch, "'X-Amz-Date' must be a 'SignedHeader'"},
		{"token", "", "content-type;host;x-amz-date", mismatch, "'X-Amz-Security-Token' must be a 'SignedHeader'"},
		{"target", "X-Amz-Target: CodeCommit_20150413.DeleteRepository", "content-type;host;x-amz-date;x-amz-security-token", mismatch, "'X-Amz-Target' must be a 'SignedHeader'"},
		{"body hash", "X-Amz-Content-Sha256: " + hashOf(whoami), "content-type;host;x-amz-date;x-amz-security-token", mismatch, "'X-Amz-Content-Sha256' must be a 'SignedHeader'"},
		{"a header of AWS's that we do not know", "X-Amz-Meta: x", "content-type;host;x-amz-date;x-amz-security-token", mismatch, "'X-Amz-Meta' must be a 'SignedHeader'"},
		{"a header that is not there", "", "content-type;host;x-absent;x-amz-date;x-amz-security-token", mismatch, differ},
		{"names out of order", "", "host;content-type;x-amz-date;x-amz-security-token", incomplete, "in ascending order"},
		{"a name twice", "", "content-type;host;host;x-amz-date;x-amz-security-token", incomplete, "in ascending order"},
		{"a name in upper case", "", "Content-Type;host;x-amz-date;x-amz-security-token", incomplete, "lower-case header names"},
		{"an empty name", "", ";content-type;host;x-amz-date;x-amz-security-token", incomplete, "lower-case header names"},
		{"a name with a line break", "", "content-type;host;x-amz-date;x-amz-security-token;x\nhost", incomplete, "lower-case header names"},
		{"101 names", "", strings.Repeat("a;", 100) + "host", incomplete, "More than 100 headers"},
	} {
		f := forgery{signed: c.signed}
		if c.header != "" {
			f.headers = []string{c.header}
		}
		all = append(all, attack{"unsigned", c.name, c.code, c.text, f})
	}
	return append(all, attack{"unsigned", "an X-Amz header beside a presigned URL", mismatch, "'X-Amz-Target' must be a 'SignedHeader'",
		forgery{presigned: true, headers: []string{"X-Amz-Target: x"}}})
}

// repeatedAttacks give a part twice, so that two readers may read two things.
func repeatedAttacks() (all []attack) {
	add := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Add(name, value) }
	}
	again := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Add(name, r.Header.Get(name)) }
	}
	field := func(before, after string) func(*http.Request) { return replaced(before, after) }
	param := func(text string) func(*http.Request) { return func(r *http.Request) { r.RequestURI += text } }
	for _, c := range []struct {
		name, code, text string
		presigned        bool
		after            func(*http.Request)
	}{
		{"Authorization", incomplete, "more than one Authorization header", false, again("Authorization")},
		{"Authorization of another kind", incomplete, "more than one Authorization header", false, add("Authorization", "Basic eDp5")},
		{"X-Amz-Date", incomplete, "'X-Amz-Date' is given more than once", false, again("X-Amz-Date")},
		{"token", incomplete, "'X-Amz-Security-Token' is given more than once", false, add("X-Amz-Security-Token", "x")},
		{"target", incomplete, "'X-Amz-Target' is given more than once", false, func(r *http.Request) { r.Header["X-Amz-Target"] = []string{"a", "b"} }},
		{"a signed header", mismatch, differ, false, add("Content-Type", "application/json")},
		{"Credential", incomplete, "each once", false, field("Credential=", "Credential=x, Credential=")},
		{"SignedHeaders", incomplete, "each once", false, field("SignedHeaders=", "SignedHeaders=host, SignedHeaders=")},
		{"Signature", incomplete, "each once", false, field("Signature=", "Signature=00, Signature=")},
		{"X-Amz-Signature", incomplete, "'X-Amz-Signature' is given more than once", true, param("&X-Amz-Signature=00")},
		{"X-Amz-Date in lower case", incomplete, "'x-amz-date' is given more than once", true, param("&x-amz-date=20300101T000000Z")},
		{"X-Amz-Expires, encoded", incomplete, "'X-Amz-Expires' is given more than once", true, param("&X-Amz-Exp%69res=604800")},
		{"X-Amz-Credential", incomplete, "'X-Amz-Credential' is given more than once", true, param("&X-Amz-Credential=x")},
		{"Action", mismatch, differ, true, param("&Action=DeleteUser")},
	} {
		all = append(all, attack{"repeated", c.name, c.code, c.text, forgery{presigned: c.presigned, after: c.after}})
	}
	return all
}

func replaced(before, after string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), before, after, 1))
	}
}

// mixedAttacks sign in two places at once.
func mixedAttacks() []attack {
	query := func(q string) func(*http.Request) { return func(r *http.Request) { r.RequestURI = "/?" + q } }
	return []attack{
		{"mixed", "algorithm in the query", mismatch, "Found both", forgery{after: query("X-Amz-Algorithm=AWS4-HMAC-SHA256")}},
		{"mixed", "credential in the query", mismatch, "Found both", forgery{after: query("X-Amz-Credential=x")}},
		{"mixed", "signature in the query", mismatch, "Found both", forgery{after: query("X-Amz-Signature=00")}},
		{"mixed", "both whole", mismatch, "Found both", forgery{presigned: true, after: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }}},
		{"mixed", "a presigned URL with a password", mismatch, "Found both", forgery{presigned: true, after: func(r *http.Request) { r.SetBasicAuth("x", "y") }}},
		{"mixed", "a presigned URL with an empty header", mismatch, "Found both", forgery{presigned: true, after: func(r *http.Request) { r.Header.Set("Authorization", "") }}},
		{"mixed", "token in query and header", incomplete, "both a header and a query-string parameter",
			forgery{presigned: true, headers: []string{"X-Amz-Security-Token: x"}, signed: "host;x-amz-security-token"}},
		{"mixed", "token in the query of a signed header", badKey, "", forgery{target: "/?X-Amz-Security-Token=x", query: "X-Amz-Security-Token=x",
			without: "X-Amz-Security-Token", signed: "content-type;host;x-amz-date"}},
		{"mixed", "date in the query of a signed header", incomplete, "requires existence of either a 'X-Amz-Date' or a 'Date' header",
			forgery{target: "/?X-Amz-Date=20261124T120000Z", query: "X-Amz-Date=20261124T120000Z", without: "X-Amz-Date", signed: "content-type;host;x-amz-security-token"}},
	}
}

// presignedAttacks are about what only a presigned URL has.
func presignedAttacks() (all []attack) {
	for name, expires := range map[string]string{"a second more than a week": "604801", "no time": "0", "negative": "-60", "with a sign": "+60", "a fraction": "60.5", "in hexadecimal": "0x3c",
		"with a space": " 60", "beyond 32 bits": "4294967356", "beyond 64 bits": "18446744073709551676", "no number": "for ever", "digits of another script": "６０"} {
		all = append(all, attack{"presigned", "for " + name, incomplete, "X-Amz-Expires must be a number of seconds from 1 to 604800", forgery{presigned: true, expires: expires}})
	}
	for _, name := range []string{"X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Algorithm", "X-Amz-Credential"} {
		all = append(all, attack{"presigned", "without " + name, incomplete, "must include '" + name + "'", forgery{presigned: true, without: name}})
	}
	return append(all,
		attack{"presigned", "host not signed", mismatch, "'Host' or ':authority' must be", forgery{presigned: true, signed: "x-other", headers: []string{"X-Other: x"}}},
		attack{"presigned", "without its signature", incomplete, "must include 'X-Amz-Signature'", forgery{presigned: true, after: func(r *http.Request) {
			r.RequestURI, _, _ = strings.Cut(r.RequestURI, "&X-Amz-Signature=")
		}}},
		attack{"presigned", "longer than signed", mismatch, differ, forgery{presigned: true, after: func(r *http.Request) {
			r.RequestURI = strings.Replace(r.RequestURI, "X-Amz-Expires=60", "X-Amz-Expires=600", 1)
		}}},
		attack{"presigned", "without the lifetime that was signed", mismatch, differ, forgery{presigned: true, after: func(r *http.Request) {
			r.RequestURI = strings.Replace(r.RequestURI, "&X-Amz-Expires=60", "", 1)
		}}},
		attack{"presigned", "for a body that is not signed", mismatch, differ, forgery{presigned: true, method: http.MethodPost, body: whoami, hash: hashOf("")}},
		attack{"presigned", "for any body", mismatch, differ, forgery{presigned: true, hash: "UNSIGNED-PAYLOAD"}},
		attack{"presigned", "to another host", mismatch, differ, forgery{presigned: true, after: func(r *http.Request) { r.Host = "other.example.com" }}},
		attack{"presigned", "with another method", mismatch, differ, forgery{presigned: true, after: func(r *http.Request) { r.Method = http.MethodPost }}},
		attack{"presigned", "another's token", badKey, "", forgery{presigned: true, after: func(r *http.Request) {
			r.RequestURI = strings.Replace(r.RequestURI, "X-Amz-Security-Token=A", "X-Amz-Security-Token=B", 1)
		}}})
}

// windowAttacks come too late, too early, or with a time that can be read in two ways.
func windowAttacks(w *world) (all []attack) {
	at := func(d time.Duration) string { return w.now.Add(d).Format(sigv4.TimeFormat) }
	scope := func(d time.Duration) string {
		return w.now.Add(d).Format("20060102") + "/" + region + "/sts/aws4_request"
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		d    time.Duration
		pre  bool
		text string
	}{
		{"a second too late", -5*time.Minute - time.Second, false, "Signature expired"}, {"a second too early", 5*time.Minute + time.Second, false, "Signature not yet current"},
		{"yesterday", -day, false, "Signature expired"}, {"tomorrow", day, false, "Signature not yet current"}, {"a year ago", -365 * day, false, "Signature expired"},
		{"presigned, a second too late", -6*time.Minute - time.Second, true, "Signature expired"}, {"presigned, too early", 6 * time.Minute, true, "Signature not yet current"},
	} {
		all = append(all, attack{"window", c.name, mismatch, c.text, forgery{presigned: c.pre, stamp: at(c.d), scope: scope(c.d)}})
	}
	for name, stamp := range map[string]string{"with a zone": "20261124T120000+0000", "in lower case": "20261124t120000z", "with a fraction": "20261124T120000.0Z", "extended format": "2026-11-24T12:00:00Z",
		"seconds since 1970": "1795521600", "30 February": "20260230T120000Z", "second 60": "20261124T115960Z", "two dates": "20261124T120000Z, 20261124T120000Z", "cut": "20261124T1200Z"} {
		all = append(all, attack{"window", name, incomplete, "Date must be in ISO-8601", forgery{stamp: stamp}})
	}
	return append(all,
		attack{"window", "presigned without a lifetime, too late", mismatch, "Signature expired", forgery{presigned: true, without: "X-Amz-Expires", stamp: at(-5*time.Minute - time.Second)}},
		attack{"window", "another time than signed", mismatch, differ, forgery{after: func(r *http.Request) { r.Header.Set("X-Amz-Date", at(time.Second)) }}},
		attack{"window", "another day in the scope", mismatch, "Date in Credential scope does not match", forgery{scope: scope(-day)}},
		attack{"window", "no time", incomplete, "requires existence of either", forgery{without: "X-Amz-Date", signed: "content-type;host;x-amz-security-token"}},
		attack{"window", "a fresh Date beside a stale X-Amz-Date", mismatch, "Signature expired", forgery{stamp: at(-time.Hour), headers: []string{"Date: " + w.now.Format(http.TimeFormat)}}})
}

// scopeAttacks are signed well, for another scope, or for this one and said to be for another.
func scopeAttacks() (all []attack) {
	const date = "20261124"
	for _, c := range []struct{ name, scope, code, text string }{
		{"another region", date + "/eu-west-1/sts/aws4_request", mismatch, "scoped to a valid region"},
		{"region in upper case", date + "/EU-CENTRAL-1/sts/aws4_request", mismatch, "scoped to a valid region"},
		{"any region", date + "/*/sts/aws4_request", incomplete, "exactly 5 slash-delimited"},
		{"no region", date + "//sts/aws4_request", mismatch, "scoped to a valid region"},
		{"a regional service in the global region", date + "/us-east-1/codecommit/aws4_request", mismatch, "scoped to a valid region"},
		{"the global service in upper case", date + "/us-east-1/STS/aws4_request", mismatch, "scoped to a valid region"},
		{"no service", date + "/" + region + "//aws4_request", incomplete, "exactly 5 slash-delimited"},
		{"no date", "/" + region + "/sts/aws4_request", incomplete, "exactly 5 slash-delimited"},
		{"a date with dashes", "2026-11-24/" + region + "/sts/aws4_request", mismatch, "Date in Credential scope"},
		{"another terminator", date + "/" + region + "/sts/aws5_request", mismatch, "valid terminator"},
		{"terminator in upper case", date + "/" + region + "/sts/AWS4_REQUEST", mismatch, "valid terminator"},
		{"no terminator", date + "/" + region + "/sts", incomplete, "exactly 5 slash-delimited"},
		{"something behind the terminator", date + "/" + region + "/sts/aws4_request/x", incomplete, "exactly 5 slash-delimited"},
		{"a line break in the region", date + "/eu\n-central-1/sts/aws4_request", incomplete, "exactly 5 slash-delimited"},
	} {
		all = append(all, attack{"scope", c.name, c.code, c.text, forgery{scope: c.scope}})
	}
	for name, edit := range map[string]func(*http.Request){"said to be for another service": replaced("/sts/", "/iam/"), "said to be for another region": replaced("/"+region+"/", "/us-east-1/")} {
		all = append(all, attack{"scope", name, mismatch, differ, forgery{after: edit}})
	}
	return append(all, attack{"scope", "a key derived for another terminator", mismatch, differ, forgery{terminator: "aws5_request"}})
}

// pathAttacks sign one path and ask for another, or sign it in the way of another service.
func pathAttacks() (all []attack) {
	for _, c := range []struct{ name, target, signed string }{
		{"another path", "/b", "/a"}, {"another case", "/A", "/a"}, {"a slash at the end", "/a/", "/a"}, {"a path below", "/a/b", "/a"},
		{"dots not taken out, as for S3", "/a/../b", "/a/../b"}, {"dots over the root", "/../a", "/../a"}, {"empty segments kept", "//a", "//a"},
		{"encoded once, as for S3", "/a%20b", "/a%20b"}, {"encoded slash as a slash", "/a%2Fb", "/a/b"}, {"encoded dots as dots", "/a/%2e%2e/b", "/b"}, {"lower-case escapes raised", "/a%2fb", "/a%252Fb"},
		{"a parameter in the path", "/a;b", "/a"}, {"a NUL, encoded", "/a%00", "/a"},
	} {
		all = append(all, attack{"path", c.name, mismatch, differ, forgery{target: c.target, path: c.signed}})
	}
	return all
}

// queryAttacks do the same with the query.
func queryAttacks() (all []attack) {
	for _, c := range []struct{ name, target, signed string }{
		{"a parameter more", "/?a=1&b=2", "a=1"}, {"a parameter less", "/?a=1", "a=1&b=2"}, {"another value", "/?a=2", "a=1"}, {"another case", "/?A=1", "a=1"},
		{"a value that moves over the separator", "/?a=1%26b=2", "a=1&b=2"}, {"a name that takes the sign", "/?a%3D1", "a=1"}, {"plus as a plus", "/?a=1+2", "a=1%2B2"},
		{"not sorted", "/?b=1&a=2", "b=1&a=2"}, {"values not sorted", "/?a=2&a=1", "a=2&a=1"}, {"sorted before encoding", "/?a=~&a=%7B", "a=%7B&a=~x"},
		{"without the sign of an empty value", "/?a", "a"}, {"encoded twice", "/?a=%2520", "a=%20"}, {"lower-case escapes", "/?a=%2f", "a=%2f"}, {"more than is unreserved", "/?a=(1)", "a=(1)"},
	} {
		all = append(all, attack{"query", c.name, mismatch, differ, forgery{target: c.target, query: c.signed}})
	}
	for name, q := range map[string]string{"a bad escape": "a=%zz", "half an escape": "a=%2", "a semicolon": "a=1;b=2", "a bad escape in a name": "%=1"} {
		all = append(all, attack{"query", name, "MalformedQueryString", "syntax error", forgery{after: func(r *http.Request) { r.RequestURI = "/?" + q }}})
	}
	return append(all, attack{"query", "very long", incomplete, "longer than 65536 bytes", forgery{after: func(r *http.Request) { r.RequestURI = "/?" + strings.Repeat("a", 1<<16+1) }}})
}

// bodyAttacks send another body than is signed, or sign none.
func bodyAttacks() (all []attack) {
	const notHash = "must be the SHA-256 hash"
	with := "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	hashed := func(name, hash, code, text string) attack {
		return attack{"body", name, code, text, forgery{headers: []string{"X-Amz-Content-Sha256: " + hash}, hash: hash, signed: with}}
	}
	return []attack{
		{"body", "another body", mismatch, differ, forgery{hash: hashOf("Action=DeleteUser")}},
		{"body", "the hash of no body", mismatch, differ, forgery{hash: hashOf("")}},
		{"body", "no hash", mismatch, differ, forgery{hash: " "}},
		{"body", "the body for its hash", mismatch, differ, forgery{hash: whoami}},
		{"body", "a header's hash that is not signed for", mismatch, differ, forgery{headers: []string{"X-Amz-Content-Sha256: " + hashOf("x")}, signed: with}},
		hashed("another body, by the header", hashOf("x"), mismatch, differ),
		hashed("UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD", mismatch, notHash),
		hashed("streaming", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", mismatch, notHash),
		hashed("streaming with a trailer", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", mismatch, notHash),
		hashed("streaming, unsigned", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", mismatch, notHash),
		hashed("hash in upper case", strings.ToUpper(hashOf(whoami)), mismatch, notHash),
		hashed("a hash of 32 digits", hashOf(whoami)[:32], mismatch, notHash),
		{"body", "UNSIGNED-PAYLOAD without the header", mismatch, differ, forgery{hash: "UNSIGNED-PAYLOAD"}},
	}
}

// algorithmAttacks sign in another way, or say so.
func algorithmAttacks() (all []attack) {
	header := func(name, value, code, text string) attack {
		return attack{"algorithm", name, code, text, forgery{after: func(r *http.Request) { r.Header.Set("Authorization", value) }}}
	}
	for _, a := range []string{"AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1", "AWS4-HMAC-SHA512", "AWS4-HMAC-SHA256-PAYLOAD", "AWS3-HTTPS"} {
		all = append(all, attack{"algorithm", a, incomplete, "Unsupported AWS 'algorithm'", forgery{algorithm: a}},
			attack{"algorithm", a + ", presigned", incomplete, "Unsupported AWS 'algorithm'", forgery{presigned: true, algorithm: a}})
	}
	old := "AWSAccessKeyId=" + maria.AccessKeyID + "&SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=2026-11-24T12%3A00%3A00Z&Signature=x%3D"
	return append(all,
		attack{"algorithm", "SigV2 in the query", noSignature, "", forgery{after: func(r *http.Request) {
			r.Header.Del("Authorization")
			r.RequestURI = "/?" + old
		}}},
		header("SigV2 in the header", "AWS "+maria.AccessKeyID+":c2lnbmF0dXJl", incomplete, "Unsupported AWS 'algorithm'"),
		header("in lower case", "aws4-hmac-sha256 Credential=x, SignedHeaders=host, Signature=00", incomplete, "requires 'Credential' parameter"),
		header("none", "none", incomplete, "requires 'Credential' parameter"),
		header("Bearer", "Bearer x", incomplete, "requires 'Credential' parameter"),
		header("Basic", "Basic eDp5", incomplete, "requires 'Credential' parameter"),
		header("empty", "", noSignature, ""),
		attack{"algorithm", "a tab behind it", incomplete, "", forgery{after: replaced("SHA256 ", "SHA256\t")}},
		attack{"algorithm", "twice", incomplete, "", forgery{after: replaced("Credential=", "AWS4-HMAC-SHA256 Credential=")}})
}

// fieldAttacks damage the fields of the header.
func fieldAttacks() (all []attack) {
	signature := func(f func(string) string) func(*http.Request) {
		return func(r *http.Request) {
			h, s, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", h+"Signature="+f(s))
		}
	}
	for _, c := range []struct {
		name, code, text string
		after            func(*http.Request)
	}{
		{"signature of zeros", mismatch, differ, signature(func(string) string { return strings.Repeat("0", 64) })},
		{"one digit of the signature", mismatch, differ, signature(func(s string) string {
			return s[:63] + string("0123456789abcdef"[(strings.IndexByte("0123456789abcdef", s[63])+1)%16])
		})},
		{"signature in upper case", incomplete, "64 lower-case hexadecimal digits", signature(func(string) string { return strings.Repeat("AB", 32) })},
		{"signature of 63 digits", incomplete, "64 lower-case hexadecimal digits", signature(func(s string) string { return s[1:] })},
		{"signature of 65 digits", incomplete, "64 lower-case hexadecimal digits", signature(func(s string) string { return s + "0" })},
		{"signature twice as long", incomplete, "64 lower-case hexadecimal digits", signature(func(s string) string { return s + s })},
		{"no signature", incomplete, "requires 'Signature' parameter", signature(func(string) string { return "" })},
		{"signature with letters", incomplete, "64 lower-case hexadecimal digits", signature(func(s string) string { return "g" + s[1:] })},
		{"no SignedHeaders", incomplete, "requires 'SignedHeaders' parameter", replaced("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token", "SignedHeaders=")},
		{"name of a field in lower case", incomplete, "requires 'Credential' parameter", replaced("Credential=", "credential=")},
		{"a field without value", incomplete, "each once", replaced("Credential=", "x, Credential=")},
		{"very long", incomplete, "longer than 16384 bytes", replaced("Credential=", "X="+strings.Repeat("x", 16<<10)+", Credential=")},
		{"a very long token", incomplete, "longer than 16384", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", strings.Repeat("x", 16<<10+1)) }},
		{"a token with a control character", incomplete, "printable ASCII", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "x\ty") }},
		{"another host", mismatch, differ, func(r *http.Request) { r.Host = "other.example.com" }},
		{"the host's case", mismatch, differ, func(r *http.Request) { r.Host = strings.ToUpper(r.Host) }},
		{"the host without its port", mismatch, differ, func(r *http.Request) { r.Host, _, _ = strings.Cut(r.Host, ":") }},
		{"another method", mismatch, differ, func(r *http.Request) { r.Method = http.MethodGet }},
		{"the method's case", mismatch, differ, func(r *http.Request) { r.Method = "post" }},
		{"a signed header's value", mismatch, differ, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
	} {
		all = append(all, attack{"field", c.name, c.code, c.text, forgery{after: c.after}})
	}
	return all
}

// keyAttacks name keys that are none, or sign with a secret that is another's.
func keyAttacks(w *world) (all []attack) {
	for name, c := range map[string]struct{ id, code, text string }{
		"empty": {"", incomplete, "exactly 5 slash-delimited"}, "with a space": {"AKIA EXAMPLE", incomplete, "exactly 5"}, "with a slash": {"AKIA/x", incomplete, "exactly 5"},
		"with a NUL": {"AKIA\x00", incomplete, "exactly 5"}, "not in ASCII": {"AKIAÉ", incomplete, "exactly 5"}, "of 200 characters": {strings.Repeat("A", 200), incomplete, "exactly 5"},
		"in lower case": {strings.ToLower(maria.AccessKeyID), badKey, ""}, "unknown": {"AKIAIOSFODNN7EXAMPLF", badKey, ""},
		"of an unknown session": {"ASIAIOSFODNN7EXAMPLE", badKey, ""}, "a pattern": {"AKIA%", incomplete, "exactly 5"},
	} {
		all = append(all, attack{"key", name, c.code, c.text, forgery{keyID: &c.id}})
	}
	session, other := w.session(reader), w.session(reader)
	user := principal.Session{Kind: principal.User, Account: account, ID: "AIDAMARIA", Name: "maria", Path: "/"}
	foreign := w.session(principal.Session{Kind: principal.Root, Account: "999999999999", ID: "999999999999"})
	for name, c := range map[string]struct {
		cred sigv4.Credentials
		code string
	}{
		"another session's secret":            {sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: other.Secret, Token: session.Token}, mismatch},
		"another session's token":             {sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: session.Secret, Token: other.Token}, badKey},
		"another kind's token":                {sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: session.Secret, Token: w.session(user).Token}, badKey},
		"a token with a long-term key":        {sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: maria.Secret, Token: session.Token}, badKey},
		"an empty secret":                     {sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: secret.New(""), Token: session.Token}, mismatch},
		"the access key id as secret":         {sigv4.Credentials{AccessKeyID: maria.AccessKeyID, Secret: secret.New(maria.AccessKeyID), Token: ""}, mismatch},
		"the token as secret":                 {sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: secret.New(session.Token), Token: session.Token}, mismatch},
		"the root of an account that is gone": {foreign, badKey},
		"a role that never was":               {w.session(principal.Session{Kind: principal.AssumedRole, Account: account, ID: "AROAGONE", Name: "Reader", Path: "/ci/", SessionName: "x"}), badKey},
		"a role of another account":           {w.session(principal.Session{Kind: principal.AssumedRole, Account: "999999999999", ID: "AROAREADER", Name: "Reader", Path: "/ci/", SessionName: "x"}), badKey},
		"a user of another account":           {w.session(principal.Session{Kind: principal.User, Account: "999999999999", ID: "AIDAMARIA", Name: "maria", Path: "/"}), badKey},
	} {
		f := forgery{cred: &c.cred}
		if c.cred.Token == "" {
			f.signed = "content-type;host;x-amz-date"
		}
		all = append(all, attack{"key", name, c.code, "", f})
	}
	for name, c := range map[string]struct{ token, code string }{
		"with a carriage return": {session.Token + "\r", incomplete}, "with a space": {session.Token + " ", incomplete}, "padded": {session.Token + "=", badKey},
		"in lower case": {strings.ToLower(session.Token), badKey}, "cut": {session.Token[:len(session.Token)-1], badKey}, "of one letter": {"x", badKey},
	} {
		all = append(all, attack{"key", "a token " + name, c.code, "", forgery{cred: &sigv4.Credentials{AccessKeyID: session.AccessKeyID, Secret: session.Secret, Token: c.token}}})
	}
	return all
}
