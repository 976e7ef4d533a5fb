// Package accessanalyzer answers ValidatePolicy of IAM Access Analyzer. What is
// found in a policy is package lint's; this package owns who may ask, which
// kind of policy is meant, and the pages of the answer.
package accessanalyzer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"sojourn/internal/gate"
	"sojourn/internal/policy"
	"sojourn/internal/policy/lint"
	"sojourn/internal/principal"
	"sojourn/internal/wire/accessanalyzerwire"
)

const (
	defaultPage = 100
	maxPage     = 1000
	explained   = "docs/operations/policy-findings.md#" // then a code in lower case
)

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Service answers Access Analyzer's operations.
type Service struct{ gate Gate }

// New makes a service behind g.
func New(g Gate) *Service { return &Service{gate: g} }

// ValidatePolicy returns the findings of a policy document. Nothing is stored.
func (s *Service) ValidatePolicy(ctx context.Context, c *principal.Caller, in *accessanalyzerwire.ValidatePolicyInput) (*accessanalyzerwire.ValidatePolicyOutput, error) {
	if err := s.gate.Authorize(ctx, c, gate.Request{Action: "access-analyzer:ValidatePolicy", Resource: "*", ResourceAccount: c.Account}); err != nil {
		return nil, err
	}
	kind, err := kindOf(in)
	if err != nil {
		return nil, err
	}
	size := defaultPage
	if in.MaxResults != nil {
		if *in.MaxResults < 1 || *in.MaxResults > maxPage {
			return nil, accessanalyzerwire.NewValidation("maxResults is a number from 1 to %d.", maxPage)
		}
		size = int(*in.MaxResults)
	}
	p := page{scope: strconv.Itoa(int(kind)) + *in.PolicyDocument, size: size}
	if err := p.begin(in.NextToken); err != nil {
		return nil, err
	}
	return p.cut(lint.Check(kind, *in.PolicyDocument)), nil
}

// kindOf is the kind of policy that a request means. Policies of organizations
// do not exist here: those of services limit as boundaries do, those of
// resources have principals.
func kindOf(in *accessanalyzerwire.ValidatePolicyInput) (policy.Kind, error) {
	role := in.ValidatePolicyResourceType != nil && *in.ValidatePolicyResourceType == accessanalyzerwire.ValidatePolicyResourceTypeAWSIAMAssumeRolePolicyDocument
	switch *in.PolicyType {
	case accessanalyzerwire.PolicyTypeRESOURCEPOLICY:
		if role {
			return policy.Trust, nil
		}
		return policy.Resource, nil
	case accessanalyzerwire.PolicyTypeRESOURCECONTROLPOLICY:
		return policy.Resource, nil
	}
	if in.ValidatePolicyResourceType != nil {
		return 0, accessanalyzerwire.NewValidation("validatePolicyResourceType goes with the policyType RESOURCE_POLICY only.")
	}
	if *in.PolicyType == accessanalyzerwire.PolicyTypeSERVICECONTROLPOLICY {
		return policy.Boundary, nil
	}
	return policy.Identity, nil
}

// page is a part of the findings of one document, which scope stands for.
type page struct {
	scope       string
	start, size int
}

// token says where the next page begins; it fits the same document only.
func (p page) token(start int) string {
	sum := sha256.Sum256([]byte(p.scope))
	return strconv.Itoa(start) + "-" + hex.EncodeToString(sum[:16])
}

func (p *page) begin(token *string) error {
	if token == nil {
		return nil
	}
	number, _, _ := strings.Cut(*token, "-")
	start, err := strconv.Atoi(number)
	if err != nil || start < 0 || *token != p.token(start) {
		return accessanalyzerwire.NewValidation("nextToken is not of this policy's findings.")
	}
	p.start = start
	return nil
}

func (p page) cut(all []lint.Finding) *accessanalyzerwire.ValidatePolicyOutput {
	out := &accessanalyzerwire.ValidatePolicyOutput{Findings: []accessanalyzerwire.ValidatePolicyFinding{}}
	rest := all[min(p.start, len(all)):]
	for _, f := range rest[:min(p.size, len(rest))] {
		out.Findings = append(out.Findings, finding(f))
	}
	if len(rest) > p.size {
		out.NextToken = new(p.token(p.start + p.size))
	}
	return out
}

func finding(f lint.Finding) accessanalyzerwire.ValidatePolicyFinding {
	path := []accessanalyzerwire.PathElement{}
	for _, s := range f.Path {
		switch {
		case s.IsIndex:
			path = append(path, accessanalyzerwire.PathElement{Index: new(int64(s.Index))})
		case s.IsKey:
			path = append(path, accessanalyzerwire.PathElement{Key: new(s.Name)})
		default:
			path = append(path, accessanalyzerwire.PathElement{Value: new(s.Name)})
		}
	}
	return accessanalyzerwire.ValidatePolicyFinding{
		FindingDetails: new(f.Message), FindingType: new(string(f.Type)), IssueCode: new(f.Code),
		LearnMoreLink: new(explained + strings.ToLower(f.Code)),
		Locations:     []accessanalyzerwire.Location{{Path: path, Span: &accessanalyzerwire.Span{Start: position(f.Start), End: position(f.End)}}},
	}
}

func position(p lint.Position) *accessanalyzerwire.Position {
	return &accessanalyzerwire.Position{Line: new(int64(p.Line)), Column: new(int64(p.Column)), Offset: new(int64(p.Offset))}
}
