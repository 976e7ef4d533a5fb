package sts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
)

func identity(t *testing.T, by *awssts.Client) func() error {
	return func() error {
		_, err := by.GetCallerIdentity(t.Context(), nil)
		return err
	}
}

var (
	badToken = refusal{403, "InvalidClientTokenId", "The security token included in the request is invalid."}
	mismatch = refusal{403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
)

func TestSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.mariaKey
	session := w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")})
	otherSession := w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")})
	with := func(c aws.Credentials, options ...func(*awssts.Options)) func() error {
		return identity(t, w.client(c, options...))
	}
	check(t, []row{
		{"right", with(key), refusal{}},
		{"an unknown key", with(static("AKIAIOSFODNN7EXAMPLE", key.SecretAccessKey, "")), badToken},
		{"a wrong secret", with(static(key.AccessKeyID, session.SecretAccessKey, "")), mismatch},
		{"a session's wrong secret", with(static(session.AccessKeyID, key.SecretAccessKey, session.SessionToken)), mismatch},
		{"a session without its token", with(static(session.AccessKeyID, session.SecretAccessKey, "")), badToken},
		{"a session with another's token", with(static(session.AccessKeyID, session.SecretAccessKey, otherSession.SessionToken)), badToken},
		{"a damaged token", with(static(session.AccessKeyID, session.SecretAccessKey, damage(session.SessionToken))), badToken},
		{"a long-term key with a token", with(static(key.AccessKeyID, key.SecretAccessKey, session.SessionToken)), badToken},
		{"another region", with(key, func(o *awssts.Options) { o.Region = "eu-west-1" }), refusal{403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region. This server is " + region + "."}},
		{"an unknown service", with(key, awssts.WithSigV4SigningName("s3")), refusal{403, "SignatureDoesNotMatch", "Credential should be scoped to correct service."}},
		{"another service", with(key, awssts.WithSigV4SigningName("iam")), refusal{400, "InvalidAction", "Could not find operation GetCallerIdentity for version 2011-06-15"}},
	})
}

func TestSessionEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short"), DurationSeconds: new(int32(900))}))
	w.Turn(14*time.Minute + 30*time.Second)
	check(t, []row{{"half a minute before its end", identity(t, session), refusal{}}})
	w.Turn(time.Minute)
	check(t, []row{
		{"half a minute after its end", identity(t, session), refusal{403, "ExpiredToken", "The security token included in the request is expired"}},
		{"the user's key goes on", identity(t, w.maria), refusal{}},
	})
}

func TestClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	off := func(d time.Duration) func() error {
		return identity(t, w.client(w.mariaKey, func(o *awssts.Options) {
			o.HTTPSignerV4 = clock{func() time.Time { return w.Now().Add(d) }, v4.NewSigner()}
		}))
	}
	const stamp = `\d{8}T\d{6}Z`
	for _, c := range []struct {
		off  time.Duration
		want string // a pattern
	}{
		{-4 * time.Minute, ""}, {4 * time.Minute, ""},
		{-20 * time.Minute, "^Signature expired: " + stamp + " is now earlier than " + stamp + ` \(` + stamp + ` - \d+ min\.\)$`},
		{20 * time.Minute, "^Signature not yet current: " + stamp + " is still later than " + stamp + ` \(` + stamp + ` \+ \d+ min\.\)$`},
	} {
		t.Run(c.off.String(), func(t *testing.T) {
			got := refusalOf(t, off(c.off)())
			if c.want == "" && got == (refusal{}) {
				return
			}
			if c.want == "" || got.status != 403 || got.code != "SignatureDoesNotMatch" || !regexp.MustCompile(c.want).MatchString(got.text) {
				t.Errorf("answer %+v", got)
			}
		})
	}
}

// raw is a request as no SDK makes it, but signed by the SDK's signer.
func (w *world) raw(method, query, body string, signed bool) refusal {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+"/?"+query, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if signed {
		if err := v4.NewSigner().SignHTTP(w.t.Context(), w.mariaKey, r, sha256Hex(body), "sts", region, w.Now()); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) refusal {
	w.t.Helper()
	answer, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if ct := answer.Header.Get("Content-Type"); ct != "text/xml" {
		w.t.Errorf("Content-Type %q", ct)
	}
	if answer.StatusCode == http.StatusOK {
		return refusal{}
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := xml.Unmarshal(body, &e); err != nil {
		w.t.Fatalf("%s: %v", body, err)
	}
	return refusal{answer.StatusCode, e.Error.Code, e.Error.Message}
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const ask, version = "Action=GetCallerIdentity&Version=2011-06-15", "&Version=2011-06-15"
	syntax := refusal{400, "MalformedQueryString", "The query string contains a syntax error."}
	noOperation := func(name, version string) refusal {
		return refusal{400, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", name, version)}
	}
	arn := "&RoleArn=" + *roleARN("Short") + "&RoleSessionName="
	for _, c := range []struct {
		name, method, query, body string
		unsigned                  bool
		want                      refusal
	}{
		{name: "POST", method: "POST", body: ask},
		{name: "GET with a query", method: "GET", query: ask},
		{name: "POST with a query", method: "POST", query: ask},
		{name: "no signature", method: "POST", body: ask, unsigned: true, want: unsignedCall},
		{name: "GET without a signature", method: "GET", query: ask, unsigned: true, want: unsignedCall},
		{name: "no action", method: "POST", body: "Version=2011-06-15", want: refusal{400, "MissingAction", "The request is missing an action or a required parameter."}},
		{name: "an unknown action", method: "POST", body: "Action=MakeCoffee" + version, want: noOperation("MakeCoffee", "2011-06-15")},
		{name: "an action in another case", method: "POST", body: "Action=getcalleridentity" + version, want: noOperation("getcalleridentity", "2011-06-15")},
		{name: "another version", method: "POST", body: "Action=GetCallerIdentity&Version=2010-05-08", want: noOperation("GetCallerIdentity", "2010-05-08")},
		{name: "no version", method: "POST", body: "Action=GetCallerIdentity", want: noOperation("GetCallerIdentity", "NO_VERSION_SPECIFIED")},
		{name: "two actions", method: "POST", body: ask + "&Action=GetSessionToken", want: syntax},
		{name: "a broken escape", method: "POST", body: ask + "&x=%zz", want: syntax},
		{name: "no role session name", method: "POST", body: "Action=AssumeRole&RoleArn=" + *roleARN("Short") + version,
			want: constraint("null at 'roleSessionName' failed to satisfy constraint: Member must not be null")},
		{name: "nothing that is needed", method: "POST", body: "Action=AssumeRole" + version,
			want: invalid("2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null")},
		{name: "a duration that is no number", method: "POST", body: "Action=AssumeRole&DurationSeconds=long" + arn + "s1" + version, want: refusal{400, "MalformedInput", `The value "long" is not a valid integer.`}},
		{name: "AssumeRoleWithWebIdentity without parameters, unsigned", method: "POST", unsigned: true, body: "Action=AssumeRoleWithWebIdentity" + version,
			want: invalid("3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.raw(c.method, c.query, c.body, !c.unsigned); got != c.want {
				t.Errorf("answer %+v\n  want %+v", got, c.want)
			}
		})
	}
	for _, absent := range []string{"AssumeRoot", "GetDelegatedAccessToken", "GetWebIdentityToken"} {
		t.Run(absent, func(t *testing.T) {
			if got := w.raw("POST", "", "Action="+absent+version, true); got != noOperation(absent, "2011-06-15") {
				t.Errorf("answer %+v", got)
			}
		})
	}
}

func TestMalformedAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, header := range map[string]string{
		"another scheme": "Bearer abc", "no parts": "AWS4-HMAC-SHA256", "no signature": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date",
		"a short scope": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260102, SignedHeaders=host;x-amz-date, Signature=" + many(64, "0"),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", header)
			r.Header.Set("X-Amz-Date", w.Now().UTC().Format("20060102T150405Z"))
			if got := w.send(r); got.code != "IncompleteSignature" && got.code != "MissingAuthenticationToken" || got.text == "" {
				t.Errorf("answer %+v", got)
			}
		})
	}
}

// A presigned GetCallerIdentity, as many tools hand it on for proof of who they are.
func TestPresigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	presigned, err := awssts.NewPresignClient(w.maria).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	get := func(url string) refusal {
		r, err := http.NewRequestWithContext(t.Context(), presigned.Method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return w.send(r)
	}
	if got := get(presigned.URL); got != (refusal{}) {
		t.Errorf("as it is: %+v", got)
	}
	if got := get(strings.Replace(presigned.URL, "GetCallerIdentity", "GetSessionToken", 1)); got != mismatch {
		t.Errorf("changed: %+v", got)
	}
	w.Turn(day)
	if got := get(presigned.URL); got.status != 403 || got.code != "SignatureDoesNotMatch" || !strings.HasPrefix(got.text, "Signature expired: ") {
		t.Errorf("a day later: %+v", got)
	}
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// damage changes one letter in the middle.
func damage(s string) string {
	letter, middle := "A", len(s)/2
	if s[middle] == 'A' {
		letter = "B"
	}
	return s[:middle] + letter + s[middle+1:]
}
