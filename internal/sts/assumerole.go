package sts

import (
	"context"
	"strings"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/wire/stswire"
)

// AssumeRole gives a signed caller a session of a role that trusts it.
func (s *Service) AssumeRole(ctx context.Context, c *principal.Caller, in *stswire.AssumeRoleInput) (*stswire.AssumeRoleOutput, error) {
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	a := ask{roleARN: value(in.RoleArn), sessionName: value(in.RoleSessionName),
		duration: in.DurationSeconds, policy: in.Policy, policyARNs: in.PolicyArns}
	g, err := s.assume(ctx, c, a, &signed{s, c, in})
	if err != nil {
		return nil, err
	}
	return &stswire.AssumeRoleOutput{Credentials: g.credentials, AssumedRoleUser: g.user, PackedPolicySize: g.packed, SourceIdentity: g.source}, nil
}

// signed is the way by a caller's own credentials.
type signed struct {
	service *Service
	caller  *principal.Caller
	in      *stswire.AssumeRoleInput
}

func (g *signed) action() string { return "sts:AssumeRole" }

func (g *signed) prove(ctx context.Context, _ string) (*proof, error) {
	if err := g.permitted(); err != nil {
		return nil, err
	}
	m, err := requestMarks(g.caller, g.in)
	if err != nil {
		return nil, err
	}
	caller, err := g.withDevice(ctx)
	if err != nil {
		return nil, err
	}
	p := &proof{caller: caller, marks: m, keys: map[string][]string{}, params: map[string]string{}}
	if id := value(g.in.ExternalId); id != "" {
		p.keys["sts:externalid"] = []string{id}
		p.params["externalId"] = id
	}
	return p, nil
}

// permitted refuses callers that no trust policy can let in, and what this
// server cannot check and so may not pass over.
func (g *signed) permitted() error {
	switch {
	case g.caller.Kind == principal.Root:
		return awserr.Denied("Roles may not be assumed by root accounts.")
	case g.caller.Kind == principal.Federated:
		return awserr.Denied("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", g.caller.ARN(), value(g.in.RoleArn))
	case len(g.in.ProvidedContexts) > 0:
		return badParameter("ProvidedContexts is not supported.")
	}
	return nil
}

// withDevice is the caller as this request proves it: with MFA now, if it
// brings a device's code. The role's session does not carry it on, as on AWS.
func (g *signed) withDevice(ctx context.Context) (*principal.Caller, error) {
	at, err := g.service.device(ctx, g.caller, g.in.SerialNumber, g.in.TokenCode)
	if err != nil || at.IsZero() {
		return g.caller, err
	}
	proven := *g.caller
	proven.MFA = at
	return &proven, nil
}

// requestMarks are the tags and the source identity of a request, joined with
// what the calling session hands on.
func requestMarks(c *principal.Caller, in *stswire.AssumeRoleInput) (marks, error) {
	m, err := newMarks(requestTags(in.Tags), in.TransitiveTagKeys, badParameter)
	if err != nil {
		return m, err
	}
	if m.source = value(in.SourceIdentity); strings.HasPrefix(strings.ToLower(m.source), "aws:") {
		return m, badParameter("The source identity may not begin with \"aws:\".")
	}
	if m.source != "" && c.SourceIdent != "" && m.source != c.SourceIdent {
		return m, awserr.Denied("User: %s is not authorized to perform: sts:SetSourceIdentity on resource: %s", c.ARN(), value(in.RoleArn))
	}
	return m, m.inherit(&c.Session)
}

func requestTags(in []stswire.Tag) []tag {
	tags := make([]tag, 0, len(in))
	for _, t := range in {
		tags = append(tags, tag{value(t.Key), value(t.Value)})
	}
	return tags
}
