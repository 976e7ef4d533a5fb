package sts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/federation/saml"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// AssumeRoleWithSAML gives whom a registered provider has signed in a session of
// a role that trusts the provider and that the provider offers. The request
// needs no signature; one that is there changes nothing.
func (s *Service) AssumeRoleWithSAML(ctx context.Context, c *principal.Caller, in *stswire.AssumeRoleWithSAMLInput) (*stswire.AssumeRoleWithSAMLOutput, error) {
	a := ask{roleARN: value(in.RoleArn), duration: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
	w := &assertion{service: s, caller: anonymous(c), in: in}
	g, err := s.assume(ctx, w.caller, a, w)
	if err != nil {
		return nil, err
	}
	said := w.said
	return &stswire.AssumeRoleWithSAMLOutput{
		Credentials: g.credentials, AssumedRoleUser: g.user, PackedPolicySize: g.packed, SourceIdentity: g.source,
		Subject: new(said.Subject), SubjectType: new(said.SubjectType), Issuer: new(said.Issuer), Audience: new(said.Audience),
		NameQualifier: new(said.NameQualifier()),
	}, nil
}

// assertion is the way by a SAML response.
type assertion struct {
	service *Service
	caller  *principal.Caller
	in      *stswire.AssumeRoleWithSAMLInput
	said    *saml.Assertion
}

func (g *assertion) vouching() string { return value(g.in.PrincipalArn) }

func (g *assertion) action() string { return "sts:AssumeRoleWithSAML" }

// prove verifies the response against the provider that the request names, which
// must be of the role's own account, and must itself offer the role.
func (g *assertion) prove(ctx context.Context, account string) (*proof, error) {
	p, err := g.provider(ctx, account)
	if err != nil {
		return nil, err
	}
	said, err := g.service.saml.Verify(p, value(g.in.SAMLAssertion))
	if err != nil {
		return nil, err
	}
	if err := said.Offers(value(g.in.RoleArn)); err != nil {
		return nil, err
	}
	m, err := newMarks(tagsOf(said.Tags), said.Transitive, rejectedClaim)
	if err != nil {
		return nil, err
	}
	m.source = said.SourceIdentity
	g.said = said
	return &proof{
		caller: g.caller, federated: said.Provider, marks: m, keys: said.Context,
		params:      map[string]string{"principalArn": said.Provider, "subject": said.Subject, "subjectType": said.SubjectType, "assertionId": said.ID},
		sessionName: said.SessionName, longest: g.longest(), shape: g.shape, redeem: g.redeem,
	}, nil
}

func (g *assertion) provider(ctx context.Context, account string) (p store.SAMLProvider, err error) {
	named, err := arn.Parse(value(g.in.PrincipalArn))
	name, ok := strings.CutPrefix(named.Resource, "saml-provider/")
	if err != nil || !ok || named.Service != "iam" || value(g.in.PrincipalArn) != arn.IAM(named.Account, named.Resource) {
		return p, awserr.Validation("%s is invalid", value(g.in.PrincipalArn))
	}
	if named.Account != account {
		return p, noProvider()
	}
	err = g.service.store.View(ctx, func(tx store.Tx) (err error) {
		p, err = tx.SAMLProvider(account, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return p, noProvider()
	}
	if err != nil {
		return p, awserr.Internal(fmt.Errorf("loading SAML provider %q: %w", name, err))
	}
	return p, nil
}

func noProvider() error { return stswire.NewInvalidIdentityToken("Specified provider doesn't exist.") }

// longest is how long the provider lets the session last; 0 when it does not say.
func (g *assertion) longest() time.Duration {
	longest := g.said.SessionDuration
	if !g.said.SessionEnd.IsZero() {
		begin := g.service.now().Truncate(time.Second) // as the session's
		left := max(g.said.SessionEnd.Sub(begin), time.Second)
		if longest == 0 || left < longest {
			longest = left
		}
	}
	return longest
}

// shape adds the keys that later requests keep.
func (g *assertion) shape(s *principal.Session) {
	s.Provider, s.Claims = g.said.Provider, make(map[string][]string, len(saml.SessionKeys))
	for _, key := range saml.SessionKeys {
		s.Claims[key] = g.said.Context[key]
	}
}

// redeem remembers the assertion until it expires by itself, and forgets those
// that have. A request that something else refuses does not get here, so it can
// be put right and made again with the same assertion.
func (g *assertion) redeem(ctx context.Context) error {
	key, until := g.said.Replay(value(g.in.RoleArn), false)
	err := g.service.store.Update(ctx, func(tx store.Tx) error {
		if err := tx.ForgetAssertions(g.service.now()); err != nil {
			return err
		}
		return tx.UseAssertion(key, until)
	})
	if errors.Is(err, store.ErrExists) {
		return stswire.NewInvalidIdentityToken("The SAML assertion was used already. Sign in again.")
	}
	if err != nil {
		return awserr.Internal(fmt.Errorf("remembering an assertion of %q: %w", g.said.Provider, err))
	}
	return nil
}
