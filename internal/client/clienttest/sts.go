// Package clienttest is what the client's tests run against: an STS that
// answers with sessions that it counts, a Git server that takes signatures,
// and a stand-in for git's HTTPS helper that prints what it was given. Product
// code does not import it.
package clienttest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"sojourn/internal/sigv4"
)

// STS is a stub of the Security Token Service. Its n-th session is
// ASIASESSIONn with the secret secret-n and the token token-n+/=. No code of a device called mfa/wrong is right.
type STS struct {
	*httptest.Server
	Keys map[string]string // access key id → secret, of whom calls are taken
	Now  func() time.Time
	Log  func(line string) // one line a call

	mu      sync.Mutex
	n       int
	revoked string
}

// Revoke makes one session count no more.
func (s *STS) Revoke(accessKeyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = accessKeyID
}

// NewSTS starts one; it is the caller's to close.
func NewSTS(secure bool) *STS {
	s := &STS{Keys: map[string]string{}, Now: time.Now, Log: func(string) {}}
	s.Server = httptest.NewUnstartedServer(s)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

func (s *STS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	form, _ := url.ParseQuery(string(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	action := form.Get("Action")
	by, ok := s.signer(r, body)
	s.Log(line(form, by))
	switch {
	case s.revoked != "" && strings.HasPrefix(by, s.revoked+" "):
		s.answer(w, 403, `<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired`+
			`</Message></Error><RequestId>r</RequestId></ErrorResponse>`, namespace)
	case ok && strings.HasSuffix(form.Get("SerialNumber"), "/wrong"):
		s.answer(w, 403, `<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed with invalid MFA one time pass code`+
			`</Message></Error><RequestId>r</RequestId></ErrorResponse>`, namespace)
	case (action == "AssumeRoleWithWebIdentity" || action == "AssumeRoleWithSAML") && by == "" || action == "AssumeRole" && ok:
		s.n++
		s.session(w, action, form)
	case action == "GetCallerIdentity" && ok:
		s.answer(w, 200, `<GetCallerIdentityResponse xmlns="%s"><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/%s</Arn>`+
			`<UserId>AIDA</UserId><Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, namespace, by)
	default:
		s.answer(w, 403, `<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: %s is not authorized to perform: sts:%s`+
			`</Message></Error><RequestId>r</RequestId></ErrorResponse>`, namespace, by, action)
	}
}

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// line tells a call in one line: its members but for secrets, and who signed for what.
func line(form url.Values, by string) string {
	parts := []string{form.Get("Action")}
	for _, name := range []string{"RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds", "SerialNumber", "TokenCode", "WebIdentityToken", "PrincipalArn", "SAMLAssertion"} {
		if v := form.Get(name); v != "" {
			parts = append(parts, name+"="+v)
		}
	}
	if by != "" {
		parts = append(parts, "by "+by)
	}
	return strings.Join(parts, " ")
}

// signer is the access key id that signed, and whether the signature is right.
func (s *STS) signer(r *http.Request, body []byte) (string, bool) {
	a, err := sigv4.ParseRequest(r)
	if err != nil {
		return "", false
	}
	secret := s.Keys[a.AccessKeyID]
	var n int
	if _, err := fmt.Sscanf(a.AccessKeyID, "ASIASESSION%d", &n); err == nil && n <= s.n && a.Token == fmt.Sprintf("token-%d+/=", n) {
		secret = fmt.Sprintf("secret-%d", n)
	}
	sum := sha256.Sum256(body)
	key := sigv4.DeriveKey(secret, a.Date, a.Region, a.Service)
	return a.AccessKeyID + " for " + a.Region, secret != "" && a.Service == "sts" && a.Verify(r, hex.EncodeToString(sum[:]), key)
}

func (s *STS) session(w http.ResponseWriter, action string, form url.Values) {
	life := time.Hour
	if d, err := time.ParseDuration(form.Get("DurationSeconds") + "s"); err == nil {
		life = d
	}
	s.answer(w, 200, `<%[1]sResponse xmlns="%[2]s"><%[1]sResult><Credentials><AccessKeyId>ASIASESSION%[3]d</AccessKeyId><SecretAccessKey>secret-%[3]d</SecretAccessKey>`+
		`<SessionToken>token-%[3]d+/=</SessionToken><Expiration>%[4]s</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:%[5]s</AssumedRoleId>`+
		`<Arn>arn:aws:sts::111111111111:assumed-role/R/%[5]s</Arn></AssumedRoleUser></%[1]sResult></%[1]sResponse>`,
		action, namespace, s.n, s.Now().Add(life).UTC().Format(time.RFC3339), form.Get("RoleSessionName"))
}

func (s *STS) answer(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...)
}
