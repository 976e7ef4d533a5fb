package sts

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

const (
	denied     = awserr.AccessDenied
	validation = awserr.ValidationError
)

func refusal(c *principal.Caller, action, role string) string {
	return "User: " + c.ARN() + " is not authorized to perform: " + action + " on resource: " + role
}

func TestAssumeRole(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "CodeCommitAccess", trusts(accountOK, `"sts:AssumeRole"`, ""), func(r *store.Role) { r.Path = "/team/a/" })
	c := w.user(here, "maria", allows(`"sts:AssumeRole"`, role))
	out := w.mustAssume(c, role, stswire.AssumeRoleInput{})
	s := w.session(out.Credentials)
	id := uniqueID("AROA", here, "CodeCommitAccess")
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/Maria_Garcia" || *out.AssumedRoleUser.AssumedRoleId != id+":Maria_Garcia" {
		t.Errorf("assumed role user %+v", out.AssumedRoleUser)
	}
	if out.PackedPolicySize != nil || out.SourceIdentity != nil {
		t.Errorf("got %+v", out)
	}
	now := w.time.Truncate(time.Second)
	if s.Kind != principal.AssumedRole || s.Account != here || s.ID != id || s.Name != "CodeCommitAccess" || s.Path != "/team/a/" || s.SessionName != "Maria_Garcia" ||
		!s.Issued.Equal(now) || !s.Expires.Equal(now.Add(time.Hour)) || s.Chained || !s.MFA.IsZero() || s.Provider != "" {
		t.Errorf("session %+v", s.Session)
	}
	if !out.Credentials.Expiration.Equal(s.Expires) || !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") {
		t.Errorf("credentials expire %v", out.Credentials.Expiration)
	}
	rec := w.log.last()
	if rec.Decision != "Allow" || rec.EventName != "AssumeRole" || rec.Resource != role || rec.Params["roleSessionName"] != "Maria_Garcia" || rec.Params["roleArn"] != role {
		t.Errorf("record %+v", rec)
	}
}

// TestOneRefusal: a role that does not exist, one that does not trust the
// caller and one that the caller may not ask for cannot be told apart.
func TestOneRefusal(t *testing.T) {
	w := newWorld(t)
	trusting := w.role(here, "trusting", trusts(accountOK, `"sts:AssumeRole"`, ""))
	distrusting := w.role(here, "distrusting", trusts(`{"AWS":"arn:aws:iam::`+there+`:root"}`, `"sts:AssumeRole"`, ""))
	absent := "arn:aws:iam::" + here + ":role/absent"
	all, none := w.user(here, "all", allows(`"sts:*"`, "*")), w.user(here, "none", "")
	explicit := w.user(here, "explicit", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	for _, c := range []struct {
		caller *principal.Caller
		role   string
		ok     bool
	}{
		{all, trusting, true}, {all, distrusting, false}, {all, absent, false},
		{none, trusting, false}, {none, distrusting, false}, {none, absent, false},
		{explicit, trusting, false}, {explicit, absent, false},
		{all, "arn:aws:iam::" + here + ":role/TRUSTING", false}, {all, "arn:aws:iam::" + here + ":role/x/trusting", false},
		{all, "arn:aws:iam::" + there + ":role/trusting", false}, {all, "arn:aws:iam::999999999999:role/trusting", false},
	} {
		_, err := w.assume(c.caller, c.role, stswire.AssumeRoleInput{})
		if c.ok {
			wantError(t, c.role, err, "", "")
			continue
		}
		wantError(t, c.caller.Name+" "+c.role, err, denied, refusal(c.caller, "sts:AssumeRole", c.role))
		if rec := w.log.last(); rec.Decision != "Deny" || rec.Resource != c.role {
			t.Errorf("%s: record %+v", c.role, rec)
		}
	}
}

func TestTrust(t *testing.T) {
	w := newWorld(t)
	maria := w.user(here, "maria", "")
	foreign := w.user(there, "eve", allows(`"sts:AssumeRole"`, "*"))
	foreignNoGrant := w.user(there, "bob", "")
	byName := w.role(here, "ByName", trusts(`{"AWS":"`+maria.ARN()+`"}`, `"sts:AssumeRole"`, ""))
	cross := w.role(here, "Cross", trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, ""))
	crossNamed := w.role(here, "CrossNamed", trusts(`{"AWS":["`+foreign.ARN()+`","`+foreignNoGrant.ARN()+`"]}`, `"sts:AssumeRole"`, ""))
	external := w.role(here, "External", trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, `{"StringEquals":{"sts:ExternalId":"42"}}`))
	named := w.role(here, "Named", trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, `{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}`))
	mfa := w.role(here, "MFA", trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, `{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`))
	tagged := w.role(here, "Tagged", trusts(`{"AWS":"`+there+`"}`, `"sts:AssumeRole"`, `{"StringEquals":{"iam:ResourceTag/Team":"blue","aws:ResourceTag/Team":"blue"}}`),
		func(r *store.Role) { r.Tags = []store.Tag{{Key: "Team", Value: "blue"}} })
	reborn := w.role(here, "Reborn", trusts(`{"AWS":"`+maria.ARN()+`"}`, `"sts:AssumeRole"`, ""),
		func(r *store.Role) {
			r.TrustIDs = map[string]string{maria.ARN(): uniqueID("AIDA", here, "formermaria")}
		})
	for name, c := range map[string]struct {
		caller *principal.Caller
		role   string
		in     stswire.AssumeRoleInput
		ok     bool
	}{
		"a user named in its own account needs no policy": {maria, byName, stswire.AssumeRoleInput{}, true},
		"who is not named":                       {w.user(here, "other", ""), byName, stswire.AssumeRoleInput{}, false},
		"another account, both sides allow":      {foreign, cross, stswire.AssumeRoleInput{}, true},
		"another account without a policy":       {foreignNoGrant, cross, stswire.AssumeRoleInput{}, false},
		"named in another account, no policy":    {foreignNoGrant, crossNamed, stswire.AssumeRoleInput{}, false},
		"named in another account, with policy":  {foreign, crossNamed, stswire.AssumeRoleInput{}, true},
		"another account is not trusted at all":  {foreign, byName, stswire.AssumeRoleInput{}, false},
		"the right external id":                  {foreign, external, stswire.AssumeRoleInput{ExternalId: new("42")}, true},
		"a wrong external id":                    {foreign, external, stswire.AssumeRoleInput{ExternalId: new("43")}, false},
		"an external id is no pattern":           {foreign, external, stswire.AssumeRoleInput{ExternalId: new("*")}, false},
		"no external id":                         {foreign, external, stswire.AssumeRoleInput{}, false},
		"the session named as the policy wants":  {foreign, named, stswire.AssumeRoleInput{RoleSessionName: new("eve")}, true},
		"the session named otherwise":            {foreign, named, stswire.AssumeRoleInput{RoleSessionName: new("admin")}, false},
		"MFA is wanted and cannot be had":        {foreign, mfa, stswire.AssumeRoleInput{}, false},
		"a condition on the role's tags":         {foreign, tagged, stswire.AssumeRoleInput{}, true},
		"a user of the name of one that is gone": {maria, reborn, stswire.AssumeRoleInput{}, false},
	} {
		_, err := w.assume(c.caller, c.role, c.in)
		if c.ok {
			wantError(t, name, err, "", "")
		} else {
			wantError(t, name, err, denied, refusal(c.caller, "sts:AssumeRole", c.role))
		}
	}
	if out := w.mustAssume(foreign, cross, stswire.AssumeRoleInput{}); w.session(out.Credentials).Account != here {
		t.Error("the session is not of the role's account")
	}
}

func TestCallersThatMayNot(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(`{"AWS":"*"}`, everySTS, ""))
	_, err := w.assume(rootOf(here), role, stswire.AssumeRoleInput{})
	wantError(t, "root", err, denied, "Roles may not be assumed by root accounts.")
	if rec := w.log.last(); rec.Decision != "Deny" || rec.ErrorCode != denied {
		t.Errorf("record %+v", rec)
	}
	_, err = w.assume(&principal.Caller{}, role, stswire.AssumeRoleInput{})
	wantError(t, "nobody", err, awserr.MissingAuthentication, "Request is missing Authentication Token")
	u := w.user(here, "maria", allows(`"*"`, "*"))
	federated := &principal.Caller{Session: principal.Session{Kind: principal.Federated, Account: here, ID: u.ID, Name: "maria", SessionName: "f", SessionPolicy: allows(`"*"`, "*")}, Temporary: true}
	_, err = w.assume(federated, role, stswire.AssumeRoleInput{})
	wantError(t, "a federated user", err, denied, refusal(federated, "sts:AssumeRole", role))
	for name, c := range map[string]struct {
		in   stswire.AssumeRoleInput
		code string
		text string
	}{
		"MFA": {stswire.AssumeRoleInput{SerialNumber: new("arn:aws:iam::111122223333:mfa/maria"), TokenCode: new("123456")}, denied,
			"MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."},
		"a code without device": {stswire.AssumeRoleInput{TokenCode: new("123456")}, denied,
			"MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."},
		"a device without code": {stswire.AssumeRoleInput{SerialNumber: new("GAHT12345678")}, denied,
			"MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."},
		"provided contexts": {stswire.AssumeRoleInput{ProvidedContexts: []stswire.ProvidedContext{{}}}, "InvalidParameterValue", "ProvidedContexts is not supported."},
	} {
		_, err := w.assume(u, role, c.in)
		wantError(t, name, err, c.code, c.text)
	}
}

func TestRoleARNs(t *testing.T) {
	w := newWorld(t)
	c := w.user(here, "maria", allows(`"*"`, "*"))
	for _, a := range []string{"", "R", "arn:aws:iam::111122223333:role", "arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:user/R", "arn:aws:iam::11112222333:role/R",
		"arn:aws:iam::aws:role/R", "arn:aws:iam:us-east-1:111122223333:role/R", "arn:aws:sts::111122223333:assumed-role/R/S", "arn:aws:iam::111122223333:role/R ", " arn:aws:iam::111122223333:role/R",
		"arn:aws:iam::111122223333:role/R\n", "arn:aws:iam::111122223333:role//R", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/é", "ARN:aws:iam::111122223333:role/R",
		"arn:aws:iam::111122223333:role/" + strings.Repeat("R", 65), "arn:aws-cn:iam::111122223333:role/R", "arn:aws:iam::111122223333:role/a b/R", "arn:aws:iam::111122223333:roles/R"} {
		_, err := w.assume(c, a, stswire.AssumeRoleInput{})
		wantError(t, fmt.Sprintf("%q", a), err, validation, a+" is invalid")
	}
}

func TestDurations(t *testing.T) {
	w := newWorld(t)
	short := w.role(here, "Short", trusts(accountOK, everySTS, ""))
	long := w.role(here, "Long", trusts(accountOK, everySTS, ""), func(r *store.Role) { r.MaxSession = 12 * time.Hour })
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	w.inline(uniqueID("AROA", here, "Short"), allows(`"sts:*"`, "*"))
	chained := w.session(w.mustAssume(c, short, stswire.AssumeRoleInput{}).Credentials)
	const overRole = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	const overChain = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
	for _, x := range []struct {
		caller *principal.Caller
		role   string
		asked  *int64
		want   time.Duration
		text   string
	}{
		{c, short, nil, time.Hour, ""}, {c, long, nil, time.Hour, ""}, {c, short, new(int64(900)), 15 * time.Minute, ""},
		{c, short, new(int64(3600)), time.Hour, ""}, {c, short, new(int64(3601)), 0, overRole},
		{c, long, new(int64(43200)), 12 * time.Hour, ""}, {c, long, new(int64(43201)), 0, overRole},
		{chained, long, nil, time.Hour, ""}, {chained, long, new(int64(3600)), time.Hour, ""}, {chained, long, new(int64(3601)), 0, overChain},
	} {
		out, err := w.assume(x.caller, x.role, stswire.AssumeRoleInput{DurationSeconds: x.asked})
		if x.text != "" {
			wantError(t, fmt.Sprint(x.role, value(x.asked)), err, validation, x.text)
			continue
		}
		if err != nil || !out.Credentials.Expiration.Equal(w.time.Truncate(time.Second).Add(x.want)) {
			t.Errorf("%s %v: %v, %v", x.role, value(x.asked), out, err)
			continue
		}
		if s := w.session(out.Credentials); s.Chained != (x.caller == chained) {
			t.Errorf("chained is %v", s.Chained)
		}
	}
}

// TestDurationTellsNothing: who may not assume a role does not learn its
// longest session.
func TestDurationTellsNothing(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	c := w.user(here, "maria", "")
	_, err := w.assume(c, role, stswire.AssumeRoleInput{DurationSeconds: new(int64(43200)), Policy: new("{")})
	wantError(t, "too long and malformed", err, denied, refusal(c, "sts:AssumeRole", role))
}

func TestSessionPolicies(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	own := func(account, path, name string) string {
		p := store.Policy{Account: account, Name: name, Path: path, ID: uniqueID("ANPA", account, name), DefaultVersion: "v1", LastVersion: 1, Created: w.time, Updated: w.time}
		w.update(func(tx store.Tx) error {
			return errors.Join(tx.InsertPolicy(p), tx.PutPolicyVersion(store.PolicyVersion{PolicyID: p.ID, Version: "v1", Document: allows(`"codecommit:*"`, "*"), Created: w.time}))
		})
		return "arn:aws:iam::" + account + ":policy" + path + name
	}
	mine, foreign := own(here, "/team/", "Mine"), own(there, "/", "Foreign")
	const readOnly = "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"
	policies := func(names ...string) (list []stswire.PolicyDescriptorType) {
		for _, n := range names {
			list = append(list, stswire.PolicyDescriptorType{Arn: new(n)})
		}
		return list
	}
	pull := allows(`"codecommit:GitPull"`, "*")
	eleven := make([]string, 11)
	for i := range eleven {
		eleven[i] = readOnly
	}
	for name, x := range map[string]struct {
		in   stswire.AssumeRoleInput
		code string
		text string
	}{
		"inline":                      {stswire.AssumeRoleInput{Policy: &pull}, "", ""},
		"managed of the account":      {stswire.AssumeRoleInput{PolicyArns: policies(mine)}, "", ""},
		"managed by AWS, and inline":  {stswire.AssumeRoleInput{PolicyArns: policies(readOnly), Policy: &pull}, "", ""},
		"ten":                         {stswire.AssumeRoleInput{PolicyArns: policies(eleven[1:]...)}, "", ""},
		"eleven":                      {stswire.AssumeRoleInput{PolicyArns: policies(eleven...)}, validation, "A session may have no more than 10 managed policies."},
		"managed of another account":  {stswire.AssumeRoleInput{PolicyArns: policies(foreign)}, validation, foreign + " is invalid"},
		"an absent one":               {stswire.AssumeRoleInput{PolicyArns: policies("arn:aws:iam::" + here + ":policy/absent")}, validation, "Policy arn:aws:iam::" + here + ":policy/absent does not exist."},
		"with a wrong path":           {stswire.AssumeRoleInput{PolicyArns: policies("arn:aws:iam::" + here + ":policy/Mine")}, validation, ""},
		"a role's ARN":                {stswire.AssumeRoleInput{PolicyArns: policies(role)}, validation, role + " is invalid"},
		"no ARN":                      {stswire.AssumeRoleInput{PolicyArns: policies("x")}, validation, "x is invalid"},
		"an empty one":                {stswire.AssumeRoleInput{PolicyArns: []stswire.PolicyDescriptorType{{}}}, validation, " is invalid"},
		"malformed":                   {stswire.AssumeRoleInput{Policy: new("{")}, "MalformedPolicyDocument", ""},
		"an empty text":               {stswire.AssumeRoleInput{Policy: new("")}, "MalformedPolicyDocument", ""},
		"with a principal":            {stswire.AssumeRoleInput{Policy: new(trusts(`"*"`, `"sts:AssumeRole"`, ""))}, "MalformedPolicyDocument", ""},
		"an unknown operator":         {stswire.AssumeRoleInput{Policy: new(`{"Statement":[{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringIs":{"a":"b"}}}]}`)}, "MalformedPolicyDocument", ""},
		"2,049 characters":            {stswire.AssumeRoleInput{Policy: new(pull + strings.Repeat(" ", 2049-len(pull)))}, "PackedPolicyTooLarge", ""},
		"2,048 characters":            {stswire.AssumeRoleInput{Policy: new(pull + strings.Repeat(" ", 2048-len(pull)))}, "", ""},
		"2,048 characters and an ARN": {stswire.AssumeRoleInput{Policy: new(pull + strings.Repeat(" ", 2048-len(pull))), PolicyArns: policies(mine)}, "PackedPolicyTooLarge", ""},
	} {
		out, err := w.assume(c, role, x.in)
		wantError(t, name, err, x.code, x.text)
		if err != nil {
			continue
		}
		s := w.session(out.Credentials)
		if out.PackedPolicySize == nil || *out.PackedPolicySize < 0 || *out.PackedPolicySize > 100 || s.SessionPolicy != value(x.in.Policy) || len(s.PolicyARNs) != len(x.in.PolicyArns) {
			t.Errorf("%s: packed %v, session %+v", name, out.PackedPolicySize, s.Session)
		}
	}
}

func TestPackedTooLarge(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	var tags []stswire.Tag
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		text := make([]byte, 256)
		for j := range text {
			text[j] = letters[random.IntN(len(letters))]
		}
		tags = append(tags, stswire.Tag{Key: new(fmt.Sprint("key-", i)), Value: new(string(text))})
	}
	_, err := w.assume(c, role, stswire.AssumeRoleInput{Tags: tags})
	wantError(t, "50 large tags", err, "PackedPolicyTooLarge", "")
}

func TestUnrecordedIsRefused(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	c := w.user(here, "maria", allows(`"sts:*"`, "*"))
	w.log.err = errors.New("disk full")
	_, err := w.assume(c, role, stswire.AssumeRoleInput{})
	wantError(t, "AssumeRole", err, awserr.ServiceUnavailable, "")
	_, err = w.assume(rootOf(here), role, stswire.AssumeRoleInput{})
	wantError(t, "AssumeRole by root", err, awserr.ServiceUnavailable, "")
	_, err = w.GetCallerIdentity(t.Context(), c, nil)
	wantError(t, "GetCallerIdentity", err, awserr.ServiceUnavailable, "")
}

func TestGetCallerIdentity(t *testing.T) {
	w := newWorld(t)
	role := w.role(here, "R", trusts(accountOK, everySTS, ""))
	explicit := w.user(here, "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	maria := w.user(here, "maria", allows(`"sts:*"`, "*"))
	session := w.session(w.mustAssume(maria, role, stswire.AssumeRoleInput{}).Credentials)
	for _, x := range []struct {
		caller  *principal.Caller
		arn, id string
	}{
		{rootOf(here), "arn:aws:iam::111122223333:root", here},
		{explicit, "arn:aws:iam::111122223333:user/nobody", explicit.ID},
		{session, "arn:aws:sts::111122223333:assumed-role/R/Maria_Garcia", uniqueID("AROA", here, "R") + ":Maria_Garcia"},
	} {
		out, err := w.GetCallerIdentity(t.Context(), x.caller, nil)
		if err != nil || *out.Arn != x.arn || *out.UserId != x.id || *out.Account != here {
			t.Errorf("%s: %+v, %v", x.arn, out, err)
		}
		if rec := w.log.last(); rec.EventName != "GetCallerIdentity" || rec.Decision != "Allow" || rec.Identity.ARN != x.arn {
			t.Errorf("record %+v", rec)
		}
	}
	_, err := w.GetCallerIdentity(t.Context(), &principal.Caller{}, nil)
	wantError(t, "nobody", err, awserr.MissingAuthentication, "")
}
