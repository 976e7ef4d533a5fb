package sts

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const (
	entityID  = "https://idp.example/saml"
	recipient = "https://git.example/saml"
	everySAML = `["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]`
	notSAML   = "Not authorized to perform sts:AssumeRoleWithSAML"
	noPair    = "SAML Assertion doesn't contain the requested Role and Metadata in the attributes"
)

var bySAML = `{"Federated":"` + samlidp.ARN(here, "Example") + `"}`

// samlWorld has a SAML provider in one account.
type samlWorld struct {
	*world
	idp *samltest.IdP
	ids int
}

func newSAMLWorld(t *testing.T) *samlWorld {
	w := &samlWorld{world: newWorld(t)}
	w.idp = samltest.New(entityID, w.time)
	w.provide(here, "Example")
	return w
}

func (w *samlWorld) provide(account, name string, change ...func(*store.SAMLProvider)) {
	w.t.Helper()
	p := store.SAMLProvider{Account: account, Name: name, ID: account + name, Metadata: w.idp.Metadata(), Created: w.time}
	for _, f := range change {
		f(&p)
	}
	w.update(func(tx store.Tx) error { return tx.InsertSAMLProvider(p) })
}

// attributes are what the provider says beside who it is; extra ones come last.
func attributes(role string, extra ...samltest.Attribute) []samltest.Attribute {
	return append([]samltest.Attribute{
		{Name: samltest.Role, Values: []string{role + "," + samlidp.ARN(here, "Example")}},
		{Name: samltest.RoleSessionName, Values: []string{"maria"}},
	}, extra...)
}

// response is a signed one with an id of its own; change alters its text before.
func (w *samlWorld) response(list []samltest.Attribute, change ...string) string {
	w.ids++
	id := strings.Repeat("x", w.ids)
	f := samltest.Fields{Now: w.time, ResponseID: "_r" + id, AssertionID: "_a" + id, Subject: "maria@example.com", Recipient: recipient, Audience: recipient, Attributes: list}
	text := w.idp.Response(f)
	for i := 0; i < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			w.t.Fatalf("%q is not in the response", change[i])
		}
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	return samltest.Encode(w.idp.Sign(text, samltest.Signing{Target: f.AssertionID}))
}

// by calls with a response and defaults for what in leaves out.
func (w *samlWorld) by(role, response string, in stswire.AssumeRoleWithSAMLInput) (*stswire.AssumeRoleWithSAMLOutput, error) {
	in.RoleArn, in.SAMLAssertion = &role, &response
	if in.PrincipalArn == nil {
		in.PrincipalArn = new(samlidp.ARN(here, "Example"))
	}
	return w.AssumeRoleWithSAML(w.t.Context(), &principal.Caller{RequestID: "r", Time: w.time}, &in)
}

func (w *samlWorld) must(role string, in stswire.AssumeRoleWithSAMLInput, extra ...samltest.Attribute) *stswire.AssumeRoleWithSAMLOutput {
	w.t.Helper()
	out, err := w.by(role, w.response(attributes(role, extra...)), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func attribute(name string, values ...string) samltest.Attribute {
	return samltest.Attribute{Name: name, Values: values}
}

func TestSAML(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "CodeCommitSAML", trusts(bySAML, everySAML, ""))
	out := w.must(role, stswire.AssumeRoleWithSAMLInput{}, attribute(samltest.PrincipalTag+"team", "core"), attribute(samltest.PrincipalTag+"cost", "7"),
		attribute(samltest.TransitiveKeys, "team"), attribute(samltest.SourceIdentity, "maria.source"), attribute("urn:oid:2.5.4.4", "Garcia"))
	got := []string{*out.Subject, *out.SubjectType, *out.Issuer, *out.Audience, *out.NameQualifier, *out.SourceIdentity, *out.AssumedRoleUser.Arn}
	want := []string{"maria@example.com", "persistent", entityID, recipient, "Acnk/D5Vp4t24grjH6e6ffZTS+s=", "maria.source",
		"arn:aws:sts::111122223333:assumed-role/CodeCommitSAML/maria"}
	if !slices.Equal(got, want) || !strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":maria") || out.PackedPolicySize == nil {
		t.Errorf("answer\n got %q\nwant %q", got, want)
	}
	s := w.session(out.Credentials)
	if s.Provider != samlidp.ARN(here, "Example") || s.Kind != principal.AssumedRole || s.Chained || s.Tags["team"] != "core" || s.Tags["cost"] != "7" ||
		!slices.Equal(s.TransitiveTag, []string{"team"}) || s.SourceIdent != "maria.source" || s.SessionName != "maria" {
		t.Errorf("session %+v", s.Session)
	}
	if n := len(*w.must(role, stswire.AssumeRoleWithSAMLInput{}).Credentials.SessionToken); n > 400 {
		t.Errorf("a plain session's token has %d characters", n)
	}
	kept := map[string]string{"saml:sub": "maria@example.com", "saml:sub_type": "persistent", "saml:namequalifier": want[4]}
	for key, v := range kept {
		if !slices.Equal(s.Claims[key], []string{v}) {
			t.Errorf("the session keeps %s = %q", key, s.Claims[key])
		}
	}
	if len(s.Claims) != len(kept) {
		t.Errorf("the session keeps %v", s.Claims)
	}
	for i, action := range []string{"TagSession", "SetSourceIdentity", "AssumeRoleWithSAML"} {
		rec := w.log.records[i]
		if rec.EventName != action || rec.Decision != "Allow" || rec.Identity.Type != "Anonymous" || rec.Identity.Provider != samlidp.ARN(here, "Example") ||
			rec.Params["subject"] != "maria@example.com" || rec.Params["roleSessionName"] != "maria" || rec.Params["assertionId"] != "_ax" {
			t.Errorf("record %+v", rec)
		}
	}
}

// The provider's ARN decides in the trust policy, and each key that the
// assertion makes can be a condition; lists want ForAnyValue.
func TestSAMLTrust(t *testing.T) {
	w := newSAMLWorld(t)
	w.provide(there, "Example")
	extra := []samltest.Attribute{attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "staff", "member"), attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", "staff"),
		attribute(samltest.PrincipalTag+"team", "core")}
	for name, x := range map[string]struct {
		trust string
		ok    bool
	}{
		"the provider":                {trusts(bySAML, everySAML, ""), true},
		"another provider":            {trusts(`{"Federated":"`+samlidp.ARN(here, "Other")+`"}`, everySAML, ""), false},
		"another case":                {trusts(`{"Federated":"`+samlidp.ARN(here, "example")+`"}`, everySAML, ""), false},
		"the same in another account": {trusts(`{"Federated":"`+samlidp.ARN(there, "Example")+`"}`, everySAML, ""), false},
		"the account":                 {trusts(accountOK, everySAML, ""), false},
		"web identity only":           {trusts(bySAML, everyWeb, ""), false},
		"no TagSession":               {trusts(bySAML, `"sts:AssumeRoleWithSAML"`, ""), false},
		"aud":                         {trusts(bySAML, everySAML, `{"StringEquals":{"SAML:aud":"`+recipient+`","saml:iss":"`+entityID+`"}}`), true},
		"another aud":                 {trusts(bySAML, everySAML, `{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}`), false},
		"subject":                     {trusts(bySAML, everySAML, `{"StringEquals":{"SAML:sub":"maria@example.com","SAML:sub_type":"persistent","SAML:doc":"`+here+`/Example"}}`), true},
		"a list":                      {trusts(bySAML, everySAML, `{"ForAnyValue:StringEquals":{"SAML:eduPersonAffiliation":"member"}}`), true},
		"a list, other value":         {trusts(bySAML, everySAML, `{"ForAnyValue:StringEquals":{"SAML:eduPersonAffiliation":"student"}}`), false},
		"a list, all of them":         {trusts(bySAML, everySAML, `{"ForAllValues:StringEquals":{"SAML:eduPersonAffiliation":["member","staff"]}}`), true},
		"one of one":                  {trusts(bySAML, everySAML, `{"StringEquals":{"saml:edupersonprimaryaffiliation":"staff"}}`), true},
		"session name":                {trusts(bySAML, everySAML, `{"StringEquals":{"sts:RoleSessionName":"maria"}}`), true},
		"another session name":        {trusts(bySAML, everySAML, `{"StringEquals":{"sts:RoleSessionName":"eve"}}`), false},
		"request tag":                 {trusts(bySAML, everySAML, `{"StringEquals":{"aws:RequestTag/team":"core"}}`), true},
		"an ours key":                 {trusts(bySAML, everySAML, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), false},
	} {
		role := w.role(here, strings.ReplaceAll(strings.ReplaceAll(name, " ", "_"), ",", ""), x.trust)
		_, err := w.by(role, w.response(attributes(role, extra...)), stswire.AssumeRoleWithSAMLInput{})
		code, text := "", ""
		if !x.ok {
			code, text = awserr.AccessDenied, notSAML
		}
		if name == "no TagSession" {
			text = "Not authorized to perform sts:TagSession"
		}
		wantError(t, name, err, code, text)
	}
}

// A role that is absent, and one under another path, are refused like one that
// does not trust the provider.
func TestSAMLAbsentRole(t *testing.T) {
	w := newSAMLWorld(t)
	w.role(here, "Real", trusts(bySAML, everySAML, ""))
	for _, role := range []string{"arn:aws:iam::" + here + ":role/Absent", "arn:aws:iam::" + here + ":role/path/Real", "arn:aws:iam::" + here + ":role/real"} {
		_, err := w.by(role, w.response(attributes(role)), stswire.AssumeRoleWithSAMLInput{})
		wantError(t, role, err, awserr.AccessDenied, notSAML)
	}
}

// The codes, statuses and texts of each refusal of what is sent.
func TestSAMLRefusals(t *testing.T) {
	w := newSAMLWorld(t)
	w.provide(there, "Elsewhere")
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	other := w.role(here, "Other", trusts(bySAML, everySAML, ""))
	foreign := w.role(there, "Foreign", trusts(bySAML, everySAML, ""))
	good := func(change ...string) string { return w.response(attributes(role), change...) }
	with := func(list ...samltest.Attribute) string { return w.response(list) }
	named := func(value string) samltest.Attribute { return attribute(samltest.RoleSessionName, value) }
	pair := attributes(role)[0]
	principalARN := func(arn string) stswire.AssumeRoleWithSAMLInput {
		return stswire.AssumeRoleWithSAMLInput{PrincipalArn: &arn}
	}
	for name, x := range map[string]struct {
		role, response string
		in             stswire.AssumeRoleWithSAMLInput
		status         int
		code, text     string
	}{
		"no base64":           {role, "<xml/>", stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "Invalid base64 SAMLResponse"},
		"absent provider":     {role, good(), principalARN(samlidp.ARN(here, "Absent")), 400, "InvalidIdentityToken", "Specified provider doesn't exist."},
		"provider's case":     {role, good(), principalARN(samlidp.ARN(here, "example")), 400, "InvalidIdentityToken", "Specified provider doesn't exist."},
		"foreign provider":    {role, good(), principalARN(samlidp.ARN(there, "Elsewhere")), 400, "InvalidIdentityToken", "Specified provider doesn't exist."},
		"its namesake":        {role, good(), principalARN(samlidp.ARN(there, "Example")), 400, "InvalidIdentityToken", "Specified provider doesn't exist."},
		"foreign role":        {foreign, good(), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "Specified provider doesn't exist."},
		"no provider's ARN":   {role, good(), principalARN("arn:aws:iam::" + here + ":oidc-provider/x.example"), 400, "ValidationError", "arn:aws:iam::" + here + ":oidc-provider/x.example is invalid"},
		"provider in region":  {role, good(), principalARN("arn:aws:iam:us-east-1:" + here + ":saml-provider/Example"), 400, "ValidationError", "arn:aws:iam:us-east-1:" + here + ":saml-provider/Example is invalid"},
		"no role's ARN":       {"arn:aws:iam::" + here + ":user/maria", good(), stswire.AssumeRoleWithSAMLInput{}, 400, "ValidationError", "arn:aws:iam::" + here + ":user/maria is invalid"},
		"issuer":              {role, good(entityID, "https://other.example"), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "Issuer not present in specified provider"},
		"audience":            {role, good("<saml:Audience>"+recipient, "<saml:Audience>https://other.example"), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "Response does not contain the required audience."},
		"role is not offered": {other, good(), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", noPair},
		"no role at all":      {role, with(named("maria")), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", noPair},
		"no session name":     {role, with(pair), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "RoleSessionName is required in AuthnResponse"},
		"bad session name":    {role, with(pair, named("maria garcia")), stswire.AssumeRoleWithSAMLInput{}, 400, "InvalidIdentityToken", "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"},
		"bad source identity": {role, with(pair, named("maria"), attribute(samltest.SourceIdentity, "aws:root")), stswire.AssumeRoleWithSAMLInput{}, 403, "IDPRejectedClaim", "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\""},
		"reserved tag":        {role, with(pair, named("maria"), attribute(samltest.PrincipalTag+"aws:x", "y")), stswire.AssumeRoleWithSAMLInput{}, 403, "IDPRejectedClaim", "Tag keys may not begin with \"aws:\"."},
		"not signed in":       {role, good("status:Success", "status:Responder"), stswire.AssumeRoleWithSAMLInput{}, 403, "IDPRejectedClaim", "The identity provider has not signed the user in"},
		"too long":            {role, good(), stswire.AssumeRoleWithSAMLInput{DurationSeconds: new(int64(7200))}, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"bad session policy":  {role, good(), stswire.AssumeRoleWithSAMLInput{Policy: new("{}")}, 400, "MalformedPolicyDocument", ""},
	} {
		_, err := w.by(x.role, x.response, x.in)
		wantError(t, name, err, x.code, x.text)
		if status := awserr.From(err).Status; status != x.status {
			t.Errorf("%s: status %d", name, status)
		}
	}
	evil := samltest.With(entityID, samltest.RSA(1), w.time)
	own := w.idp
	w.idp = evil
	forged := good()
	w.idp = own
	_, err := w.by(role, forged, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "forged", err, "InvalidIdentityToken", "Response signature invalid")
	rec := w.log.last()
	if rec.Decision != "Deny" || rec.EventName != "AssumeRoleWithSAML" || rec.ErrorCode != "InvalidIdentityToken" || rec.Params["subject"] != "" || rec.Resource != role {
		t.Errorf("record of a forgery %+v", rec)
	}
	late := good()
	w.time = w.time.Add(5*time.Minute + time.Second)
	_, err = w.by(role, late, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "late", err, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
}

// Shortest of what is asked for, the attribute, and the end of the session at
// the provider; an hour where nothing is asked for.
func TestSAMLDuration(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Long", trusts(bySAML, everySAML, ""), func(r *store.Role) { r.MaxSession = 12 * time.Hour })
	end := func(d time.Duration) []string { // samltest says eight hours
		return []string{`SessionNotOnOrAfter="` + w.time.Add(8*time.Hour).Format("2006-01-02T15:04:05Z"), `SessionNotOnOrAfter="` + w.time.Add(d).Format("2006-01-02T15:04:05Z")}
	}
	for name, x := range map[string]struct {
		asked int64
		said  string
		end   time.Duration
		want  time.Duration
	}{
		"nothing":                   {0, "", 8 * time.Hour, time.Hour},
		"asked":                     {7200, "", 8 * time.Hour, 2 * time.Hour},
		"the attribute is shorter":  {7200, "1800", 8 * time.Hour, 30 * time.Minute},
		"the attribute is longer":   {7200, "43200", 8 * time.Hour, 2 * time.Hour},
		"only the attribute":        {0, "7200", 8 * time.Hour, time.Hour},
		"the session ends before":   {43200, "", 8 * time.Hour, 8 * time.Hour},
		"the session ends soon":     {0, "1800", 10 * time.Minute, 10 * time.Minute},
		"the session ends directly": {0, "", time.Second, time.Second},
	} {
		var extra []samltest.Attribute
		if x.said != "" {
			extra = append(extra, attribute(samltest.SessionDuration, x.said))
		}
		var in stswire.AssumeRoleWithSAMLInput
		if x.asked != 0 {
			in.DurationSeconds = &x.asked
		}
		out, err := w.by(role, w.response(attributes(role, extra...), end(x.end)...), in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := out.Credentials.Expiration.Sub(w.time.Truncate(time.Second)); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// An assertion opens a role once; what a refusal brought to nothing may be put
// right and asked for again.
func TestSAMLReplay(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	other := w.role(here, "Other", trusts(bySAML, everySAML, ""))
	list := []samltest.Attribute{attribute(samltest.Role, role+","+samlidp.ARN(here, "Example"), samlidp.ARN(here, "Example")+","+other), attribute(samltest.RoleSessionName, "maria")}
	response := w.response(list)
	const used = "The SAML assertion was used already. Sign in again."
	_, err := w.by(role, response, stswire.AssumeRoleWithSAMLInput{DurationSeconds: new(int64(7200))})
	wantError(t, "too long", err, "ValidationError", "")
	_, err = w.by(role, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "put right", err, "", "")
	_, err = w.by(role, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "again", err, "InvalidIdentityToken", used)
	if rec := w.log.last(); rec.Decision != "Deny" || rec.ErrorCode != "InvalidIdentityToken" || rec.Params["assertionId"] != "_ax" || rec.Identity.Provider != samlidp.ARN(here, "Example") {
		t.Errorf("record of a replay %+v", rec)
	}
	_, err = w.by(role, samltest.Encode(strings.ReplaceAll(decoded(response), "_rx", "_other")), stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "in another response", err, "InvalidIdentityToken", used)
	_, err = w.by(other, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "another role that it offers", err, "", "")
	_, err = w.by(other, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "that role again", err, "InvalidIdentityToken", used)

	single := w.response(list, "</saml:AudienceRestriction>", "</saml:AudienceRestriction><saml:OneTimeUse/>")
	_, err = w.by(role, single, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "OneTimeUse", err, "", "")
	_, err = w.by(other, single, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "OneTimeUse, another role", err, "InvalidIdentityToken", used)
}

// Also at the same moment.
func TestSAMLReplayRace(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	response := w.response(attributes(role))
	var opened atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.by(role, response, stswire.AssumeRoleWithSAMLInput{}); err == nil {
				opened.Add(1)
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n != 1 {
		t.Errorf("one assertion opened the role %d times", n)
	}
}

func decoded(response string) string {
	return string(samltest.Must(base64.StdEncoding.DecodeString(response)))
}

// What can no longer be used again is forgotten, and not before.
func TestSAMLForgetsExpiredAssertions(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	response := w.response(attributes(role))
	said, err := w.saml.Verify(store.SAMLProvider{Account: here, Name: "Example", Metadata: w.idp.Metadata()}, response)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.by(role, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "first", err, "", "")
	w.time = w.time.Add(4 * time.Minute)
	w.must(role, stswire.AssumeRoleWithSAMLInput{})
	_, err = w.by(role, response, stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "after the next sign-in", err, "InvalidIdentityToken", "The SAML assertion was used already. Sign in again.")
	w.time = w.time.Add(10 * time.Minute)
	w.must(role, stswire.AssumeRoleWithSAMLInput{})
	w.update(func(tx store.Tx) error {
		key, until := said.Replay(role, false)
		return tx.UseAssertion(key, until) // ErrExists if it were still there
	})
}

// brokenUpdates is a store that can't write.
type brokenUpdates struct{ store.Store }

func (brokenUpdates) Update(context.Context, func(store.Tx) error) error {
	return errors.New("disk full")
}

// A store that can't remember refuses; a gate that can't record does, too.
func TestSAMLFailsClosed(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	w.log.err = errors.New("disk full")
	_, err := w.by(role, w.response(attributes(role)), stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "no record", err, awserr.ServiceUnavailable, "")
	w.log.err = nil
	w.Service.store = brokenUpdates{w.db}
	out, err := w.by(role, w.response(attributes(role)), stswire.AssumeRoleWithSAMLInput{})
	wantError(t, "no memory", err, awserr.InternalFailure, "")
	if out != nil {
		t.Error("credentials left all the same")
	}
}

// Whoever signs the request has no part in it, for better or worse.
func TestSAMLIgnoresTheSignature(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	eve := w.user(here, "eve", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	in := stswire.AssumeRoleWithSAMLInput{RoleArn: &role, PrincipalArn: new(samlidp.ARN(here, "Example")), SAMLAssertion: new(w.response(attributes(role)))}
	for _, c := range []*principal.Caller{eve, rootOf(there)} {
		in.SAMLAssertion = new(w.response(attributes(role)))
		out, err := w.AssumeRoleWithSAML(t.Context(), c, &in)
		if err != nil {
			t.Errorf("signed by %s: %v", c.ARN(), err)
			continue
		}
		if s := w.session(out.Credentials); s.Chained || w.log.last().Identity.Type != "Anonymous" {
			t.Errorf("signed by %s: session %+v, record %+v", c.ARN(), s.Session, w.log.last().Identity)
		}
	}
	closed := w.role(here, "Closed", trusts(`{"AWS":"*"}`, `"sts:AssumeRole"`, ""))
	in.RoleArn, in.SAMLAssertion = &closed, new(w.response(attributes(closed)))
	_, err := w.AssumeRoleWithSAML(t.Context(), eve, &in)
	wantError(t, "a role for signed callers", err, awserr.AccessDenied, notSAML)
}

// An assertion under the provider's private key, and the mode that wants it.
func TestSAMLEncryption(t *testing.T) {
	w := newSAMLWorld(t)
	key := samltest.RSA(2)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	for name, mode := range map[string]string{"Must": samlidp.Required, "May": samlidp.Allowed} {
		w.provide(here, name, func(p *store.SAMLProvider) {
			k, err := samlidp.NewKey(w.keys, *p, secret.New(text), w.time)
			if err != nil {
				t.Fatal(err)
			}
			p.EncryptionMode, p.PrivateKeys = mode, []store.SAMLPrivateKey{k}
		})
		role := w.role(here, name, trusts(`{"Federated":"`+samlidp.ARN(here, name)+`"}`, everySAML, ""))
		list := []samltest.Attribute{attribute(samltest.Role, role+","+samlidp.ARN(here, name)), attribute(samltest.RoleSessionName, "maria")}
		in := stswire.AssumeRoleWithSAMLInput{PrincipalArn: new(samlidp.ARN(here, name))}
		plain := w.response(list, "<saml:Assertion ", `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" `)
		_, err := w.by(role, samltest.Encode(samltest.Encrypt(decoded(plain), samltest.Encryption{Key: &key.PublicKey})), in)
		wantError(t, name+", encrypted", err, "", "")
		_, err = w.by(role, w.response(list), in)
		if mode == samlidp.Required {
			wantError(t, name+", plain", err, "InvalidIdentityToken", "Response signature invalid")
		} else {
			wantError(t, name+", plain", err, "", "")
		}
		_, err = w.by(role, samltest.Encode(samltest.Encrypt(decoded(plain), samltest.Encryption{Key: &samltest.RSA(1).PublicKey})), in)
		wantError(t, name+", under another key", err, "InvalidIdentityToken", "")
	}
}

// AWS's addresses and our own are accepted, of ours the whole text only.
func TestSAMLRecipients(t *testing.T) {
	w := newSAMLWorld(t)
	role := w.role(here, "Deploy", trusts(bySAML, everySAML, ""))
	for address, ok := range map[string]bool{
		recipient: true, "https://signin.aws.amazon.com/saml": true, "https://signin.aws.amazon.com/static/saml": true, "https://us-east-1.signin.aws.amazon.com/saml": true,
		"https://eu-west-1.signin.aws.amazon.com/saml": false, "https://git.example": false, "https://git.example/saml/": false,
		"http://git.example/saml": false, "https://git.example.evil/saml": false, "https://other.example/saml": false,
	} {
		_, err := w.by(role, w.response(attributes(role), `"`+recipient+`"`, `"`+address+`"`), stswire.AssumeRoleWithSAMLInput{})
		code := ""
		if !ok {
			code = "InvalidIdentityToken"
		}
		wantError(t, address, err, code, "")
	}
}
