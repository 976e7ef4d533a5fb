package sts

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/federation/oidc"
	"sojourn/internal/lazyre"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// AssumeRoleWithWebIdentity gives the bearer of an identity provider's ID token,
// or of an access token of the provider that ProviderId names, a session of a
// role that trusts the provider. The request needs no signature;
// one that is there changes nothing.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, c *principal.Caller, in *stswire.AssumeRoleWithWebIdentityInput) (*stswire.AssumeRoleWithWebIdentityOutput, error) {
	a := ask{roleARN: value(in.RoleArn), sessionName: value(in.RoleSessionName),
		duration: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
	w := &webIdentity{service: s, caller: anonymous(c), in: in}
	g, err := s.assume(ctx, w.caller, a, w)
	if err != nil {
		return nil, err
	}
	return &stswire.AssumeRoleWithWebIdentityOutput{
		Credentials: g.credentials, AssumedRoleUser: g.user, PackedPolicySize: g.packed, SourceIdentity: g.source,
		SubjectFromWebIdentityToken: new(w.subject), Audience: new(w.audience), Provider: new(g.proof.federated),
	}, nil
}

// anonymous is the same request from nobody: whoever signed it has no part in it.
func anonymous(c *principal.Caller) *principal.Caller {
	a := *c
	a.Session, a.AccessKeyID, a.Temporary = principal.Session{}, "", false
	return &a
}

// webIdentity is the way by a token.
type webIdentity struct {
	service           *Service
	caller            *principal.Caller
	in                *stswire.AssumeRoleWithWebIdentityInput
	subject, audience string // of the token, once it is verified
}

func (g *webIdentity) vouching() string { return value(g.in.ProviderId) }

func (g *webIdentity) action() string { return "sts:AssumeRoleWithWebIdentity" }

func (g *webIdentity) prove(ctx context.Context, account string) (*proof, error) {
	if g.in.ProviderId != nil {
		return g.proveAccess(ctx, *g.in.ProviderId)
	}
	return g.proveID(ctx, account)
}

// proveAccess asks the provider about an access token. It is one that all
// accounts know by its name.
func (g *webIdentity) proveAccess(ctx context.Context, provider string) (*proof, error) {
	id, err := g.service.oauth.Verify(ctx, provider, value(g.in.WebIdentityToken))
	if err != nil {
		return nil, err
	}
	g.subject, g.audience = id.Subject, id.App
	return &proof{
		caller: g.caller, federated: provider, audience: audienceKeys(id.Context, ":app_id"), keys: id.Context,
		params: map[string]string{"subjectFromWebIdentityToken": id.Subject, "audience": id.App},
		shape:  func(s *principal.Session) { s.Provider, s.Claims = provider, id.Context },
	}, nil
}

// proveID verifies an ID token against the providers of the role's own account.
func (g *webIdentity) proveID(ctx context.Context, account string) (*proof, error) {
	id, err := g.service.oidc.Verify(ctx, value(g.in.WebIdentityToken), func(url string) (store.OIDCProvider, error) {
		return g.service.provider(ctx, account, url)
	})
	if err != nil {
		return nil, err
	}
	m, err := tokenMarks(id)
	if err != nil {
		return nil, err
	}
	g.subject, g.audience = id.Subject, id.Audience
	name, audience := arn.IAM(account, "oidc-provider/"+id.Provider.URL), []string(nil)
	if id.BuiltIn {
		name, audience = id.Provider.URL, audienceKeys(id.Context, ":aud", ":azp", ":oaud")
	}
	return &proof{
		caller: g.caller, federated: name, audience: audience, marks: m, keys: id.Context,
		params: map[string]string{"subjectFromWebIdentityToken": id.Subject, "audience": id.Audience, "staleKeys": strconv.FormatBool(id.StaleKeys)},
		shape: func(s *principal.Session) {
			s.Provider, s.Claims = id.Provider.URL, id.Context
		},
	}, nil
}

type providerName struct{ account, url string }

// provider finds a registered provider.
func (s *Service) provider(ctx context.Context, account, url string) (store.OIDCProvider, error) {
	return s.providers.Read(ctx, s.store, providerName{account, url}, func(tx store.Tx) (store.OIDCProvider, error) {
		return tx.OIDCProvider(account, url)
	})
}

// audienceKeys are the condition keys of these endings that are there.
func audienceKeys(keys map[string][]string, endings ...string) (found []string) {
	for k := range keys {
		if slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(k, e) }) {
			found = append(found, k)
		}
	}
	slices.Sort(found)
	return found
}

var sourceIdentity = lazyre.New(`^[\w+=,.@-]{2,64}$`)

// IsSourceIdentity reports whether a session may have this source identity.
func IsSourceIdentity(s string) bool {
	return sourceIdentity.MatchString(s) && !strings.HasPrefix(strings.ToLower(s), "aws:")
}

// tokenMarks are the tags and the source identity that the provider has put
// into the token.
func tokenMarks(id *oidc.Identity) (marks, error) {
	m, err := newMarks(tagsOf(id.Tags), id.Transitive, rejectedClaim)
	if err != nil {
		return m, err
	}
	if id.SourceIdentity != "" && !IsSourceIdentity(id.SourceIdentity) {
		return m, rejectedClaim("Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"")
	}
	m.source = id.SourceIdentity
	return m, nil
}

func rejectedClaim(text string) error { return stswire.NewIDPRejectedClaim("%s", text) }
