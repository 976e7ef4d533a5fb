package aws_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/server/accessanalyzerapi"
	"sojourn/internal/server/api"
	"sojourn/internal/server/aws"
	"sojourn/internal/server/codecommitapi"
	"sojourn/internal/server/event"
	"sojourn/internal/server/stsapi"
	"sojourn/internal/sigv4"
	"sojourn/internal/wire/accessanalyzerwire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/stswire"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// keys is an authenticator with one key, which is the root's of one account.
type keys struct{ info authn.RequestInfo }

func (k *keys) API(_ context.Context, r *http.Request, a *sigv4.Auth, bodySHA256 string, info authn.RequestInfo) (*principal.Caller, error) {
	k.info = info
	if !a.Verify(r, bodySHA256, sigv4.DeriveKey(secretKey, a.Date, a.Region, a.Service)) {
		return nil, awserr.Mismatch()
	}
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: "111122223333"}}, nil
}

// sts is the part of the domain that the tests call.
type sts struct {
	stsapi.Domain
	caller *principal.Caller
	fail   func() error
}

func (s *sts) GetCallerIdentity(_ context.Context, c *principal.Caller, _ *stswire.GetCallerIdentityInput) (*stswire.GetCallerIdentityOutput, error) {
	s.caller = c
	if s.fail != nil {
		return nil, s.fail()
	}
	return &stswire.GetCallerIdentityOutput{Account: new(c.Account), Arn: new(c.ARN())}, nil
}

func (s *sts) AssumeRoleWithWebIdentity(_ context.Context, c *principal.Caller, in *stswire.AssumeRoleWithWebIdentityInput) (*stswire.AssumeRoleWithWebIdentityOutput, error) {
	s.caller = c
	return &stswire.AssumeRoleWithWebIdentityOutput{Audience: in.ProviderId}, nil
}

type codecommit struct {
	codecommitapi.Domain
	fail func() error
}

func (s *codecommit) GetRepository(_ context.Context, _ *principal.Caller, in *codecommitwire.GetRepositoryInput) (*codecommitwire.GetRepositoryOutput, error) {
	if s.fail != nil {
		return nil, s.fail()
	}
	return &codecommitwire.GetRepositoryOutput{RepositoryMetadata: &codecommitwire.RepositoryMetadata{RepositoryName: in.RepositoryName}}, nil
}

func (*codecommit) UpdateRepositoryName(context.Context, *principal.Caller, *codecommitwire.UpdateRepositoryNameInput) (*codecommitwire.UpdateRepositoryNameOutput, error) {
	return &codecommitwire.UpdateRepositoryNameOutput{}, nil
}

// analyzer answers with what it was asked.
type analyzer struct{ *codecommit }

func (s *analyzer) ValidatePolicy(_ context.Context, _ *principal.Caller, in *accessanalyzerwire.ValidatePolicyInput) (*accessanalyzerwire.ValidatePolicyOutput, error) {
	if s.fail != nil {
		return nil, s.fail()
	}
	return &accessanalyzerwire.ValidatePolicyOutput{NextToken: new(fmt.Sprint(*in.MaxResults, " ", *in.PolicyDocument))}, nil
}

// door is a router over the test domain.
type door struct {
	http.Handler
	sts   *sts
	cc    *codecommit
	keys  *keys
	event *event.Event
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{sts: &sts{}, cc: &codecommit{}, keys: &keys{}}
	rt, err := aws.New(aws.Options{
		Services: []*api.Service{stsapi.New(d.sts), codecommitapi.New(d.cc), accessanalyzerapi.New(&analyzer{d.cc})},
		Auth:     d.keys, Region: "eu-west-1", Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Handler = rt
	return d
}

func (d *door) do(r *http.Request) *httptest.ResponseRecorder {
	d.event = &event.Event{RequestID: "req-1", SourceIP: netip.MustParseAddr("192.0.2.1")}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r.WithContext(event.With(r.Context(), d.event)))
	return w
}

func sign(r *http.Request, service, body string, at time.Time) *http.Request {
	sum := sha256.Sum256([]byte(body))
	sigv4.SignHeader(r, hex.EncodeToString(sum[:]), sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", Secret: secret.New(secretKey)}, service, "eu-west-1", at)
	return r
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

func target(name, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", name)
	return r
}

// rest is a request of the REST protocol, for this path and query.
func rest(address, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

const (
	validate = `{"policyDocument":"{}","policyType":"IDENTITY_POLICY","maxResults":7}`

	whoami  = "Action=GetCallerIdentity&Version=2011-06-15"
	webID   = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/R&RoleSessionName=ab&WebIdentityToken=token&ProviderId=idp.example"
	getRepo = "CodeCommit_20150413.GetRepository"
)

func TestQueryCall(t *testing.T) {
	d := newDoor(t)
	w := d.do(sign(post(whoami), "sts", whoami, now))
	want := `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>111122223333</Account>` +
		`<Arn>arn:aws:iam::111122223333:root</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{"Content-Type": "text/xml", "x-amzn-RequestId": "req-1", "Cache-Control": "no-store"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if e := d.event; e.Service != "sts" || e.Operation != "GetCallerIdentity" || e.Caller != "arn:aws:iam::111122223333:root" || e.Error != "" {
		t.Errorf("the event is %+v", e)
	}
	if d.keys.info.RequestID != "req-1" || d.keys.info.SourceIP.String() != "192.0.2.1" || d.keys.info.Secure {
		t.Errorf("the authenticator was told %+v", d.keys.info)
	}
}

func TestPresignedGet(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/?"+whoami, nil)
	c := sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", Secret: secret.New(secretKey)}
	u := sigv4.Presign(r, c, "sts", "eu-west-1", now, time.Minute)
	signed := httptest.NewRequest(http.MethodGet, u.String(), nil)
	signed.Host = r.Host
	if w := newDoor(t).do(signed); w.Code != 200 || !strings.Contains(w.Body.String(), "<Account>111122223333</Account>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestJSONCall(t *testing.T) {
	d := newDoor(t)
	const body = `{"repositoryName":"R"}`
	w := d.do(sign(target(getRepo, body), "codecommit", body, now))
	if w.Code != 200 || w.Body.String() != `{"repositoryMetadata":{"repositoryName":"R"}}` || w.Header().Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	const rename = `{"oldName":"R","newName":"S"}`
	w = d.do(sign(target("CodeCommit_20150413.UpdateRepositoryName", rename), "codecommit", rename, now))
	if w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("an answer without members: %d %s", w.Code, w.Body)
	}
}

func TestREST(t *testing.T) {
	d := newDoor(t)
	w := d.do(sign(rest("/policy/validation?maxResults=5&x=y", validate), "access-analyzer", validate, now))
	if w.Code != 200 || w.Body.String() != `{"findings":[],"nextToken":"5 {}"}` || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	if d.event.Service != "access-analyzer" || d.event.Operation != "ValidatePolicy" {
		t.Errorf("the event is %+v", d.event)
	}
	d.cc.fail = func() error { return awserr.Denied("no") }
	w = d.do(sign(rest("/policy/validation", validate), "access-analyzer", validate, now))
	if w.Code != 403 || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException" || !strings.Contains(w.Body.String(), `"message":"no"`) {
		t.Errorf("a refusal: %d %s %v", w.Code, w.Body, w.Header())
	}
}

// A call that brings its own proof needs no signature, and a bad one is ignored.
func TestUnsigned(t *testing.T) {
	for name, r := range map[string]*http.Request{
		"none":   post(webID),
		"signed": sign(post(webID), "sts", webID, now),
		"wrong":  sign(post(webID), "sts", "other", now),
		"stale":  sign(post(webID), "sts", webID, now.Add(-time.Hour)),
		"get":    httptest.NewRequest(http.MethodGet, "/?"+webID, nil),
		"broken": func() *http.Request { r := post(webID); r.Header.Set("Authorization", "Bearer x"); return r }(),
	} {
		d := newDoor(t)
		w := d.do(r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<Audience>idp.example</Audience>") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
			continue
		}
		if c := d.sts.caller; c.Kind != principal.Anonymous || c.Account != "" || c.Region != "eu-west-1" || !c.Time.Equal(now) || c.RequestID != "req-1" {
			t.Errorf("%s: the caller is %+v", name, c)
		}
	}
}

func TestRefused(t *testing.T) {
	const repo = `{"repositoryName":"R"}`
	big := strings.Repeat("a", 1<<20+1)
	bigJSON := strings.Repeat(" ", 8<<20+1)
	for _, tt := range []struct {
		name   string
		r      *http.Request
		status int
		want   string
	}{
		{"no signature", post(whoami), 403, "<Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message>"},
		{"no signature, JSON", target(getRepo, repo), 400, `{"__type":"MissingAuthenticationTokenException",`},
		{"no signature, no action", post(""), 403, "<Code>MissingAuthenticationToken</Code>"},
		{"JSON by its content type alone", func() *http.Request { r := target(getRepo, repo); r.Header.Del("X-Amz-Target"); return r }(), 400, `{"__type":"MissingAuth`},
		{"stale", sign(post(whoami), "sts", whoami, now.Add(-6*time.Minute)), 403, "<Code>SignatureDoesNotMatch</Code><Message>Signature expired: "},
		{"early", sign(target(getRepo, repo), "codecommit", repo, now.Add(6*time.Minute)), 400, `{"__type":"InvalidSignatureException","message":"Signature not yet current: `},
		{"body changed", sign(post(whoami+"&x=y"), "sts", whoami, now), 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"body changed, JSON", sign(target(getRepo, repo), "codecommit", "{}", now), 400, `{"__type":"InvalidSignatureException"`},
		{"bad input of a stranger", sign(target(getRepo, "{"), "codecommit", "{}", now), 400, `{"__type":"InvalidSignatureException"`},
		{"unknown service", sign(post(whoami), "s3", whoami, now), 403, "Credential should be scoped to correct service."},
		{"another service's scope", sign(post(whoami), "codecommit", whoami, now), 400, "<Code>InvalidAction</Code>"},
		{"another service's target", sign(target(getRepo, repo), "sts", repo, now), 400, `{"__type":"UnknownOperationException"`},
		{"another version's target", sign(target("CodeCommit_20140101.GetRepository", repo), "codecommit", repo, now), 400, `{"__type":"UnknownOperationException"`},
		{"unknown target", sign(target("CodeCommit_20150413.Nothing", repo), "codecommit", repo, now), 400, `{"__type":"UnknownOperationException"`},
		{"unknown action", sign(post("Action=X&Version=2011-06-15"), "sts", "Action=X&Version=2011-06-15", now), 400, "<Code>InvalidAction</Code><Message>Could not find operation X for version 2011-06-15</Message>"},
		{"no action", sign(post("Version=2011-06-15"), "sts", "Version=2011-06-15", now), 400, "<Code>MissingAction</Code>"},
		{"no version", sign(post("Action=GetCallerIdentity"), "sts", "Action=GetCallerIdentity", now), 400, "for version NO_VERSION_SPECIFIED</Message>"},
		{"wrong version", sign(post("Action=GetCallerIdentity&Version=2"), "sts", "Action=GetCallerIdentity&Version=2", now), 400, "Could not find operation GetCallerIdentity for version 2</Message>"},
		{"action twice", post(webID + "&Action=GetCallerIdentity"), 400, "<Code>MalformedQueryString</Code>"},
		{"action in query and body", func() *http.Request { r := post(webID); r.URL.RawQuery = "Action=X"; return r }(), 400, "<Code>MalformedQueryString</Code>"},
		{"bad escape", post("Action=%zz"), 400, "<Code>MalformedQueryString</Code>"},
		{"many parameters", post(strings.Repeat("a&", 6000)), 400, "<Code>MalformedQueryString</Code>"},
		{"invalid input", sign(target(getRepo, "{}"), "codecommit", "{}", now), 400, `{"__type":"RepositoryNameRequiredException"`},
		{"large", post(big), 413, "<Code>RequestEntityTooLarge</Code>"},
		{"large, length not told", func() *http.Request { r := post(big); r.ContentLength = -1; return r }(), 413, "<Code>RequestEntityTooLarge</Code>"},
		{"large, JSON", sign(target(getRepo, bigJSON), "codecommit", bigJSON, now), 413, `{"__type":"RequestEntityTooLarge"`},
		{"broken body", func() *http.Request { r := post(""); r.ContentLength = -1; r.Body = io.NopCloser(broken{}); return r }(), 400, "<Code>IncompleteBody</Code>"},
		{"method", httptest.NewRequest(http.MethodPut, "/", nil), 405, "<Code>MethodNotAllowed</Code>"},
		{"no signature, REST", rest("/policy/validation", validate), 403, `{"__type":"MissingAuthenticationTokenException"`},
		{"body changed, REST", sign(rest("/policy/validation", validate), "access-analyzer", "{}", now), 403, `{"__type":"InvalidSignatureException"`},
		{"query changed, REST", func() *http.Request {
			r := sign(rest("/policy/validation?maxResults=1", validate), "access-analyzer", validate, now)
			r.RequestURI = "/policy/validation?maxResults=2"
			return r
		}(), 403, `{"__type":"InvalidSignatureException"`},
		{"another service's scope, REST", sign(rest("/policy/validation", validate), "codecommit", validate, now), 404, `{"__type":"UnknownOperationException"`},
		{"another path", sign(rest("/policy/other", validate), "access-analyzer", validate, now), 404, `{"__type":"UnknownOperationException"`},
		{"a path's operation at the root", sign(post(validate), "access-analyzer", validate, now), 400, "<Code>MissingAction</Code>"},
		{"a path's operation as a target", sign(target("AccessAnalyzer.ValidatePolicy", validate), "access-analyzer", validate, now), 400, `{"__type":"UnknownOperationException"`},
		{"an operation without signature at a path", rest("/policy/validation?Action=AssumeRoleWithWebIdentity", webID), 403, `{"__type":"MissingAuthenticationTokenException"`},
		{"parameter of another type", sign(rest("/policy/validation?maxResults=x", validate), "access-analyzer", validate, now), 400, `{"__type":"SerializationException"`},
		{"parameter twice", sign(rest("/policy/validation?maxResults=1&maxResults=2", validate), "access-analyzer", validate, now), 400, `{"__type":"SerializationException"`},
		{"unknown policy type", sign(rest("/policy/validation", `{"policyDocument":"","policyType":"X"}`), "access-analyzer", `{"policyDocument":"","policyType":"X"}`, now), 400, `{"__type":"ValidationException"`},
		{"large, REST", sign(rest("/policy/validation", big), "access-analyzer", big, now), 413, `{"__type":"RequestEntityTooLarge"`},
		{"JSON by GET", sign(func() *http.Request { r := target(getRepo, ""); r.Method = "GET"; return r }(), "codecommit", "", now), 400, `{"__type":"UnknownOperationException"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDoor(t)
			d.cc.fail = func() error { t.Error("the domain was called"); return nil }
			d.sts.fail = d.cc.fail
			w := d.do(tt.r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %.400s\nwant %d %s", w.Code, w.Body, tt.status, tt.want)
			}
			if d.event.Error == "" || w.Header().Get("x-amzn-RequestId") != "req-1" {
				t.Errorf("the event is %+v, the header %v", d.event, w.Header())
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }

// A fault of ours says nothing of itself, in the client's protocol.
func TestFaults(t *testing.T) {
	const repo = `{"repositoryName":"R"}`
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("table refs is locked") },
		"panic": func() error { panic("table refs is locked") },
	} {
		d := newDoor(t)
		d.sts.fail, d.cc.fail = fail, fail
		w := d.do(sign(post(whoami), "sts", whoami, now))
		if w.Code != 500 || !strings.Contains(w.Body.String(), "<Type>Receiver</Type><Code>InternalFailure</Code>") || strings.Contains(w.Body.String(), "locked") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if d.event.Error != "InternalFailure" || d.event.Cause == nil {
			t.Errorf("%s: the event is %+v", name, d.event)
		}
		w = d.do(sign(target(getRepo, repo), "codecommit", repo, now))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `{"__type":"InternalFailure"`) || strings.Contains(w.Body.String(), "locked") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestDomainErrors(t *testing.T) {
	const repo = `{"repositoryName":"R"}`
	d := newDoor(t)
	d.cc.fail = func() error { return codecommitwire.NewRepositoryDoesNotExist("R does not exist") }
	w := d.do(sign(target(getRepo, repo), "codecommit", repo, now))
	if w.Code != 400 || w.Body.String() != `{"__type":"RepositoryDoesNotExistException","message":"R does not exist"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.sts.fail = func() error { return awserr.Denied("no") }
	w = d.do(sign(post(whoami), "sts", whoami, now))
	if w.Code != 403 || !strings.Contains(w.Body.String(), `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Who has to wait is told how long, in the client's protocol and for others.
func TestThrottled(t *testing.T) {
	const repo = `{"repositoryName":"R"}`
	d := newDoor(t)
	d.sts.fail = func() error { return awserr.TooSoon(2001*time.Millisecond, "too many failures") }
	d.cc.fail = d.sts.fail
	for want, w := range map[string]*httptest.ResponseRecorder{
		"<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded: too many failures. Try again in 3 seconds.</Message>": d.do(sign(post(whoami), "sts", whoami, now)),
		`{"__type":"ThrottlingException","message":"Rate exceeded: too many failures. Try again in 3 seconds."}`:                 d.do(sign(target(getRepo, repo), "codecommit", repo, now)),
	} {
		if w.Code != 400 || !strings.Contains(w.Body.String(), want) || w.Header().Get("Retry-After") != "3" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
}

// A refusal's encoded message goes into a header, and leaves AWS's text as it is.
func TestEncodedMessage(t *testing.T) {
	const repo, header = `{"repositoryName":"R"}`, "X-Sojourn-Authorization-Message"
	d := newDoor(t)
	d.sts.fail = func() error { e := awserr.Denied("no"); e.Encoded = "sealed"; return e }
	d.cc.fail = d.sts.fail
	for _, w := range []*httptest.ResponseRecorder{
		d.do(sign(post(whoami), "sts", whoami, now)), d.do(sign(target(getRepo, repo), "codecommit", repo, now)),
	} {
		if w.Header().Get(header) != "sealed" || strings.Contains(w.Body.String(), "sealed") {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	d.sts.fail = func() error { return awserr.Denied("no") }
	if w := d.do(sign(post(whoami), "sts", whoami, now)); w.Header().Values(header) != nil {
		t.Errorf("a header without a message: %v", w.Header())
	}
}

func TestNewRefusesIncompleteServices(t *testing.T) {
	s := stsapi.New(&sts{})
	delete(s.Handlers, "AssumeRole")
	if _, err := aws.New(aws.Options{Services: []*api.Service{s}}); err == nil || !strings.Contains(err.Error(), "AssumeRole") {
		t.Error(err)
	}
	if _, err := aws.New(aws.Options{Services: []*api.Service{stsapi.New(&sts{}), stsapi.New(&sts{})}}); err == nil {
		t.Error("two services of one name")
	}
}
