package sts

import (
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

func (w *world) federate(c *principal.Caller, in stswire.GetFederationTokenInput) (*stswire.GetFederationTokenOutput, error) {
	if in.Name == nil {
		in.Name = new("guest")
	}
	return w.GetFederationToken(w.t.Context(), c, &in)
}

func (w *world) sessionToken(c *principal.Caller, in stswire.GetSessionTokenInput) (*principal.Caller, error) {
	out, err := w.GetSessionToken(w.t.Context(), c, &in)
	if err != nil {
		return nil, err
	}
	return w.session(out.Credentials), nil
}

func TestGetSessionToken(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", "")
	s, err := w.sessionToken(maria, stswire.GetSessionTokenInput{}) // no policy needs to allow it
	if err != nil {
		t.Fatal(err)
	}
	if s.Kind != principal.User || s.ID != maria.ID || s.Name != "maria" || s.ARN() != maria.ARN() || !s.MFA.IsZero() || s.SessionPolicy != "" {
		t.Errorf("session %+v", s.Session)
	}
	if rec := w.log.last(); rec.EventName != "GetSessionToken" || rec.Decision != "Allow" {
		t.Errorf("record %+v", rec)
	}
	barred := w.user(here, "barred", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:GetSessionToken","Resource":"*"}]}`)
	_, err = w.sessionToken(barred, stswire.GetSessionTokenInput{})
	wantError(t, "a Deny", err, denied, "")
}

// TestOwnLifetime: a user gets what is asked for, root an hour at most, and
// root's session no more than what is left of the one that made it.
func TestOwnLifetime(t *testing.T) {
	w := newWorld(t)
	root := rootOf(here)
	root.Expires = w.time.Add(10 * time.Hour)
	ending := rootOf(here)
	ending.Expires = w.time.Truncate(time.Second).Add(10 * time.Minute)
	for _, c := range []struct {
		name   string
		caller *principal.Caller
		asked  *int64
		want   time.Duration
	}{
		{"user by default", w.user(here, "a", allows(`"sts:*"`, "*")), nil, 12 * time.Hour},
		{"user's longest", w.user(here, "b", allows(`"sts:*"`, "*")), new(int64(129600)), 36 * time.Hour},
		{"root by default", root, nil, time.Hour},
		{"root asks too much", root, new(int64(129600)), time.Hour},
		{"root asks less", root, new(int64(900)), 15 * time.Minute},
		{"root's session ends", ending, new(int64(3600)), 10 * time.Minute},
	} {
		s, err := w.sessionToken(c.caller, stswire.GetSessionTokenInput{DurationSeconds: c.asked})
		if err != nil {
			t.Fatal(c.name, err)
		}
		f, err := w.federate(c.caller, stswire.GetFederationTokenInput{DurationSeconds: c.asked})
		if err != nil {
			t.Fatal(c.name, err)
		}
		for _, s := range []*principal.Caller{s, w.session(f.Credentials)} {
			if got := s.Expires.Sub(s.Issued); got > c.want || got < c.want-time.Second {
				t.Errorf("%s, %s: %v, want %v", c.name, s.Type(), got, c.want)
			}
		}
	}
}

// TestNoSessionProlongsItself: only long-term keys, and root, may ask.
func TestNoSessionProlongsItself(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", allows(`"sts:*"`, "*"))
	bare, err := w.sessionToken(maria, stswire.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.federate(maria, stswire.GetFederationTokenInput{Policy: new(allows(`"*"`, "*"))})
	if err != nil {
		t.Fatal(err)
	}
	role := w.role(here, "R", trusts(accountOK, `"sts:AssumeRole"`, ""))
	w.inline(uniqueID("AROA", here, "R"), allows(`"*"`, "*"))
	r := w.mustAssume(maria, role, stswire.AssumeRoleInput{})
	for _, c := range []*principal.Caller{bare, w.session(f.Credentials), w.session(r.Credentials)} {
		_, err := w.sessionToken(c, stswire.GetSessionTokenInput{})
		wantError(t, c.Type(), err, denied, "Cannot call GetSessionToken with session credentials")
		_, err = w.federate(c, stswire.GetFederationTokenInput{})
		wantError(t, c.Type(), err, denied, "Cannot call GetFederationToken with session credentials")
		if rec := w.log.last(); rec.Decision != "Deny" {
			t.Errorf("record %+v", rec)
		}
	}
	_, err = w.sessionToken(&principal.Caller{}, stswire.GetSessionTokenInput{})
	wantError(t, "nobody", err, awserr.MissingAuthentication, "")
}

func TestGetFederationToken(t *testing.T) {
	w := newWorld(t)
	guest := "arn:aws:sts::" + here + ":federated-user/guest"
	maria := w.user(here, "maria", allows(`["sts:GetFederationToken","sts:TagSession"]`, guest))
	out, err := w.federate(maria, stswire.GetFederationTokenInput{Policy: new(allows(`"codecommit:GitPull"`, "*")), Tags: []stswire.Tag{{Key: new("team"), Value: new("core")}}})
	if err != nil {
		t.Fatal(err)
	}
	s := w.session(out.Credentials)
	if *out.FederatedUser.Arn != guest || *out.FederatedUser.FederatedUserId != here+":guest" || out.PackedPolicySize == nil || s.ARN() != guest ||
		s.Kind != principal.Federated || s.ID != maria.ID || s.Name != "maria" || s.Tags["team"] != "core" || s.SessionPolicy == "" {
		t.Errorf("%+v %+v", out.FederatedUser, s.Session)
	}
	_, err = w.federate(maria, stswire.GetFederationTokenInput{Name: new("other")})
	wantError(t, "another name", err, denied, "User: "+maria.ARN()+" is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::"+here+
		":federated-user/other because no identity-based policy allows the sts:GetFederationToken action")
	_, err = w.federate(maria, stswire.GetFederationTokenInput{Policy: new(`{}`)})
	wantError(t, "policy", err, "MalformedPolicyDocument", "")
	_, err = w.federate(maria, stswire.GetFederationTokenInput{Tags: []stswire.Tag{{Key: new("a"), Value: new("")}, {Key: new("A"), Value: new("")}}})
	wantError(t, "tags", err, "InvalidParameterValue", "")
	noTags := w.user(here, "notags", allows(`"sts:GetFederationToken"`, "*"))
	_, err = w.federate(noTags, stswire.GetFederationTokenInput{Tags: []stswire.Tag{{Key: new("team"), Value: new("core")}}})
	wantError(t, "no permission for tags", err, denied, "User: "+noTags.ARN()+" is not authorized to perform: sts:TagSession on resource: "+guest+
		" because no identity-based policy allows the sts:TagSession action")
}

// TestFederatedPermissions: both the issuing user's policies and the session
// policy must allow, and without a session policy nothing is.
func TestFederatedPermissions(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", allows(`["sts:*","codecommit:GitPull"]`, "*"))
	root := rootOf(here)
	root.Expires = w.time.Add(time.Hour)
	for _, c := range []struct {
		caller *principal.Caller
		policy *string
		want   bool
	}{
		{maria, new(allows(`"codecommit:*"`, "*")), true},
		{maria, new(allows(`"codecommit:GitPush"`, "*")), false},
		{maria, nil, false},
		{root, new(allows(`"codecommit:*"`, "*")), true},
		{root, nil, false},
	} {
		out, err := w.federate(c.caller, stswire.GetFederationTokenInput{Policy: c.policy})
		if err != nil {
			t.Fatal(err)
		}
		pull := gate.Request{Action: "codecommit:GitPull", Resource: "arn:aws:codecommit:us-east-1:" + here + ":R"}
		if err := w.gate.Authorize(t.Context(), w.session(out.Credentials), pull); (err == nil) != c.want {
			t.Errorf("%s with %v: %v", c.caller.Type(), c.policy, err)
		}
	}
	w.update(func(tx store.Tx) error {
		return tx.PutInlinePolicy(maria.ID, "no", `{"Statement":{"Effect":"Deny","Action":"sts:GetFederationToken","Resource":"*"}}`)
	})
	_, err := w.federate(maria, stswire.GetFederationTokenInput{})
	wantError(t, "denied", err, denied, "")
}

func TestGetAccessKeyInfo(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", allows(`"sts:GetAccessKeyInfo"`, "*"))
	s, err := w.sessionToken(maria, stswire.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	info := func(c *principal.Caller, id string) (*stswire.GetAccessKeyInfoOutput, error) {
		return w.GetAccessKeyInfo(t.Context(), c, &stswire.GetAccessKeyInfoInput{AccessKeyId: &id})
	}
	out, err := info(maria, s.AccessKeyID)
	if err != nil || *out.Account != here {
		t.Errorf("%v %v", out, err)
	}
	_, err = info(maria, "AKIAIOSFODNN7EXAMPLE")
	wantError(t, "an old key", err, validation, "")
	_, err = info(w.user(here, "none", ""), s.AccessKeyID)
	wantError(t, "no permission", err, denied, "")
}
