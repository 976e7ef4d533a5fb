package sts

import (
	"context"
	"maps"
	"strings"
	"time"

	"sojourn/internal/principal"
	"sojourn/internal/wire/stswire"
)

// AnywhereService is the name by which a role's trust policy lets in those who
// prove themselves with a certificate.
const AnywhereService = "rolesanywhere.amazonaws.com"

// Machine is whom a certificate proves, and what limits its session.
type Machine struct {
	Anchor string            // ARN of the trust anchor that vouches
	Tags   map[string]string // of the session, from the certificate
	// SourceIdentity stands behind the session; "" for nobody.
	SourceIdentity string
	SessionName    string
	// Longest is how long the session may last.
	Longest time.Duration

	Policy     *string
	PolicyARNs []string
}

// Certificate is a request for a role's session by a certificate. Prove verifies
// it and is called once; Params are for the record, whatever comes of it.
type Certificate struct {
	RoleARN  string
	Duration *int64 // seconds
	Params   map[string]string
	Prove    func(ctx context.Context, account string) (*Machine, error)
}

// MachineSession is a session made by a certificate.
type MachineSession struct {
	Credentials *stswire.Credentials
	User        *stswire.AssumedRoleUser
	Packed      *int64
	Source      *string
}

// AssumeRoleWithCertificate gives the holder of a certificate's key a session of
// a role that trusts IAM Roles Anywhere and the certificate's trust anchor. It is
// no operation of STS's own API: package rolesanywhere calls it, and says what a
// certificate proves.
func (s *Service) AssumeRoleWithCertificate(ctx context.Context, c *principal.Caller, in Certificate) (*MachineSession, error) {
	m := &machine{caller: anonymous(c), in: in}
	a := ask{roleARN: in.RoleARN, duration: in.Duration}
	g, err := s.assume(ctx, m.caller, a, m)
	if err != nil {
		return nil, err
	}
	return &MachineSession{Credentials: g.credentials, User: g.user, Packed: g.packed, Source: g.source}, nil
}

// machine is the way by a certificate.
type machine struct {
	caller *principal.Caller
	in     Certificate
}

func (g *machine) action() string { return "sts:AssumeRole" }

func (g *machine) notes() map[string]string { return g.in.Params }

func (g *machine) vouching() string { return g.in.Params["trustAnchorArn"] }

func (g *machine) prove(ctx context.Context, account string) (*proof, error) {
	m, err := g.in.Prove(ctx, account)
	if err != nil {
		return nil, err
	}
	k, err := newMarks(tagsOf(m.Tags), nil, rejectedClaim)
	if err != nil {
		return nil, err
	}
	k.source = m.SourceIdentity
	return &proof{
		caller: g.caller, service: AnywhereService, audience: []string{"aws:sourcearn"},
		marks: k, keys: certificateKeys(account, m), params: maps.Clone(g.in.Params),
		sessionName: m.SessionName, longest: m.Longest, policy: m.Policy, policyARNs: descriptors(m.PolicyARNs),
	}, nil
}

// certificateKeys are the keys that a trust policy may ask for. What the
// certificate says is there as the principal's tags, as it will be in the session.
func certificateKeys(account string, m *Machine) map[string][]string {
	keys := map[string][]string{
		"aws:sourcearn": {m.Anchor}, "aws:sourceaccount": {account},
		"aws:principalisawsservice": {"true"}, "aws:principalservicename": {AnywhereService},
	}
	for key, v := range m.Tags {
		keys["aws:principaltag/"+strings.ToLower(key)] = []string{v}
	}
	return keys
}

func descriptors(arns []string) (out []stswire.PolicyDescriptorType) {
	for _, a := range arns {
		out = append(out, stswire.PolicyDescriptorType{Arn: &a})
	}
	return out
}
