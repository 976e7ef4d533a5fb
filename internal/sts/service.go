// Package sts turns proofs into sessions: AssumeRole for a signed caller,
// AssumeRoleWithSAML and AssumeRoleWithWebIdentity for an identity provider's
// assertion or token, AssumeRoleWithLDAPIdentity for a directory's password, GetSessionToken and GetFederationToken for a user's own access key. It tells who a caller is
// (GetCallerIdentity), whose a key is (GetAccessKeyInfo), and what is in the
// message of a refusal (DecodeAuthorizationMessage).
//
// All ways to a role share one line of phases (package-private method assume):
// resolve the role, prove who asks, gather tags and source identity, let the
// gate evaluate the trust policy, settle the duration and the session policies,
// and issue. A grant, which is one way, fills in only what is its own and cannot
// leave out a phase.
//
// It owns the rules of a session's making. It does not own the proofs
// (federation/…), the decision and its record (gate), or the token (seal).
package sts

import (
	"context"
	"net/http"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/oauth"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/federation/saml"
	"sojourn/internal/gate"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/throttle"
	"sojourn/internal/wire/stswire"
)

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
	Refuse(ctx context.Context, c *principal.Caller, r gate.Request, reason error) error
}

// Issuer makes credentials of a session, and opens the messages that refusals carry.
type Issuer interface {
	Issue(s principal.Session, now time.Time) (seal.Issued, error)
	OpenMessage(account, message string) ([]byte, error)
}

// Sessions knows which sessions are revoked.
type Sessions interface {
	// Begin is when a session is said to begin that c gets now. It refuses a
	// caller whose own session is revoked.
	Begin(ctx context.Context, c *principal.Caller, s *principal.Session) (time.Time, error)
}

// TokenVerifier verifies ID tokens.
type TokenVerifier interface {
	Verify(ctx context.Context, token string, find oidc.Lookup) (*oidc.Identity, error)
}

// AccessTokenVerifier verifies OAuth 2.0 access tokens.
type AccessTokenVerifier interface {
	Verify(ctx context.Context, provider, token string) (*oauth.Identity, error)
}

// AssertionVerifier verifies responses of registered SAML providers.
type AssertionVerifier interface {
	Verify(p store.SAMLProvider, response string) (*saml.Assertion, error)
}

// Options are what a Service works with; all but Throttle are required.
type Options struct {
	Store store.Store
	Gate  Gate
	Keys  Issuer
	OIDC  TokenVerifier
	OAuth AccessTokenVerifier
	SAML  AssertionVerifier
	LDAP  PasswordVerifier
	MFA   Devices
	Now   func() time.Time

	Sessions Sessions
	// Throttle bounds what strangers may have looked at; nil bounds nothing.
	Throttle *throttle.Throttle
}

// Service answers STS operations.
type Service struct {
	store  store.Store
	gate   Gate
	keys   Issuer
	oidc   TokenVerifier
	oauth  AccessTokenVerifier
	saml   AssertionVerifier
	people PasswordVerifier
	now    func() time.Time

	devices  Devices
	sessions Sessions
	throttle *throttle.Throttle

	trusts    store.Memo[roleName, trusting]
	providers store.Memo[providerName, store.OIDCProvider]
}

// New makes a service.
func New(o Options) *Service {
	return &Service{store: o.Store, gate: o.Gate, keys: o.Keys, oidc: o.OIDC, oauth: o.OAuth, saml: o.SAML, people: o.LDAP,
		now: o.Now, devices: o.MFA, sessions: o.Sessions, throttle: o.Throttle}
}

// GetCallerIdentity tells a signed caller who it is. The gate knows that it
// needs no permission and cannot be denied; it is recorded all the same.
func (s *Service) GetCallerIdentity(ctx context.Context, c *principal.Caller, _ *stswire.GetCallerIdentityInput) (*stswire.GetCallerIdentityOutput, error) {
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	if err := s.gate.Authorize(ctx, c, gate.Request{Action: "sts:GetCallerIdentity", Resource: "*"}); err != nil {
		return nil, err
	}
	return &stswire.GetCallerIdentityOutput{UserId: new(c.UserID()), Account: new(c.Account), Arn: new(c.ARN())}, nil
}

// nobody is a trust policy that trusts no one. It stands for the policy of a
// role that does not exist, so that such a role is refused, recorded and worded
// like one that does not trust the caller.
func nobody() *policy.Policy { return new(policy.Policy) }

func unsigned() error {
	return awserr.New(awserr.MissingAuthentication, http.StatusForbidden, "Request is missing Authentication Token")
}

// badParameter is InvalidParameterValue, which the models do not list.
func badParameter(text string) error {
	return awserr.New("InvalidParameterValue", http.StatusBadRequest, "%s", text)
}

// value is what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
