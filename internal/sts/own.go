package sts

import (
	"context"
	"strconv"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/wire/stswire"
)

// How long a session lasts that a caller gets by its own credentials. The
// model bounds the parameter: 15 minutes to 36 hours.
const (
	defaultOwn = 12 * time.Hour
	longestOwn = time.Hour // of the account's root
)

// GetSessionToken gives a user, or the root of an account, temporary
// credentials with the same permissions. The gate knows that it needs no
// permission, and that no session may prolong itself by it.
func (s *Service) GetSessionToken(ctx context.Context, c *principal.Caller, in *stswire.GetSessionTokenInput) (*stswire.GetSessionTokenOutput, error) {
	r := gate.Request{Action: "sts:GetSessionToken", Resource: "*", Params: map[string]string{}}
	duration(r.Params, in.DurationSeconds)
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	proven, err := s.device(ctx, c, in.SerialNumber, in.TokenCode)
	if err != nil {
		return nil, s.gate.Refuse(ctx, c, r, err)
	}
	session := principal.Session{Kind: c.Kind, Account: c.Account, ID: c.ID, Name: c.Name, Path: c.Path, MFA: proven}
	var issued seal.Issued
	r.Issue = func(ctx context.Context) (_ *audit.Issued, err error) {
		issued, err = s.credentials(ctx, c, session, s.ownLifetime(c, in.DurationSeconds))
		return recorded(&session, issued), err
	}
	if err := s.gate.Authorize(ctx, c, r); err != nil {
		return nil, err
	}
	return &stswire.GetSessionTokenOutput{Credentials: credentialsOut(issued)}, nil
}

// GetFederationToken gives credentials to somebody whom the caller, a user or
// the root of an account, vouches for. They allow what both the caller's
// policies and the session policies allow: without a session policy, nothing.
func (s *Service) GetFederationToken(ctx context.Context, c *principal.Caller, in *stswire.GetFederationTokenInput) (*stswire.GetFederationTokenOutput, error) {
	name := value(in.Name)
	r := gate.Request{Action: "sts:GetFederationToken", Resource: arn.STS(c.Account, "federated-user/"+name),
		Context: map[string][]string{}, Params: map[string]string{"name": name}}
	duration(r.Params, in.DurationSeconds)
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	m, err := newMarks(requestTags(in.Tags), nil, badParameter)
	if err != nil {
		return nil, s.gate.Refuse(ctx, c, r, err)
	}
	m.context(r.Context)
	session := principal.Session{Kind: principal.Federated, Account: c.Account, ID: c.ID, Name: c.Name, Path: c.Path, SessionName: name, Tags: m.tags}
	var issued seal.Issued
	issue := func(ctx context.Context) (*audit.Issued, error) {
		l, err := s.sessionPolicies(ctx, c.Account, in.Policy, in.PolicyArns)
		if err != nil {
			return nil, err
		}
		session.SessionPolicy, session.PolicyARNs = l.inline, l.managed
		issued, err = s.credentials(ctx, c, session, s.ownLifetime(c, in.DurationSeconds))
		return recorded(&session, issued), err
	}
	if err := s.authorizeMarked(ctx, c, r, m, issue); err != nil {
		return nil, err
	}
	return &stswire.GetFederationTokenOutput{
		Credentials:      credentialsOut(issued),
		FederatedUser:    &stswire.FederatedUser{FederatedUserId: new(session.UserID()), Arn: new(session.ARN())},
		PackedPolicySize: new(int64(issued.PackedPercent)),
	}, nil
}

// ownLifetime settles how long the session lasts. AWS lowers what root asks
// for to an hour; here a session of root's also ends with the one that made it.
func (s *Service) ownLifetime(c *principal.Caller, asked *int64) time.Duration {
	d := defaultOwn
	if c.Kind == principal.Root {
		d = longestOwn
	}
	if asked != nil {
		d = time.Duration(*asked) * time.Second
	}
	if c.Kind == principal.Root {
		d = min(d, longestOwn)
		if c.Temporary {
			d = min(d, c.Expires.Sub(s.now()))
		}
	}
	return max(d, time.Second)
}

// duration notes what was asked for.
func duration(params map[string]string, asked *int64) {
	if asked != nil {
		params["durationSeconds"] = strconv.FormatInt(*asked, 10)
	}
}

// GetAccessKeyInfo reads the account out of an access key id of AWS's layout,
// which every server that uses it, AWS too, writes there.
func (s *Service) GetAccessKeyInfo(ctx context.Context, c *principal.Caller, in *stswire.GetAccessKeyInfoInput) (*stswire.GetAccessKeyInfoOutput, error) {
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	id := value(in.AccessKeyId)
	r := gate.Request{Action: "sts:GetAccessKeyInfo", Resource: "*", Params: map[string]string{"accessKeyId": id}}
	if err := s.gate.Authorize(ctx, c, r); err != nil {
		return nil, err
	}
	account, ok := seal.AccountOf(id)
	if !ok {
		return nil, awserr.Validation("%s is not an access key id that holds its account", id)
	}
	return &stswire.GetAccessKeyInfoOutput{Account: new(account)}, nil
}
