package accessanalyzer

import (
	"context"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/wire/accessanalyzerwire"
)

// lets is a gate that lets all in, or nobody, and keeps what it was asked.
type lets struct {
	asked []gate.Request
	err   error
}

func (l *lets) Authorize(_ context.Context, _ *principal.Caller, r gate.Request) error {
	l.asked = append(l.asked, r)
	return l.err
}

var caller = &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: "111122223333"}}

func input(kind, document string) *accessanalyzerwire.ValidatePolicyInput {
	in := &accessanalyzerwire.ValidatePolicyInput{PolicyType: &kind, PolicyDocument: &document}
	if kind == "TRUST" {
		in.PolicyType = new(accessanalyzerwire.PolicyTypeRESOURCEPOLICY)
		in.ValidatePolicyResourceType = new(accessanalyzerwire.ValidatePolicyResourceTypeAWSIAMAssumeRolePolicyDocument)
	}
	return in
}

func ask(t *testing.T, in *accessanalyzerwire.ValidatePolicyInput) *accessanalyzerwire.ValidatePolicyOutput {
	t.Helper()
	out, err := New(&lets{}).ValidatePolicy(t.Context(), caller, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func codes(out *accessanalyzerwire.ValidatePolicyOutput) (codes []string) {
	for _, f := range out.Findings {
		codes = append(codes, *f.IssueCode)
	}
	return codes
}

const (
	everything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	anyone     = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`
)

func TestPermissionComesFirst(t *testing.T) {
	g := &lets{err: awserr.Denied("no")}
	in := input("IDENTITY_POLICY", "{")
	in.MaxResults = new(int64(-1))
	if _, err := New(g).ValidatePolicy(t.Context(), caller, in); !awserr.Is(err, awserr.AccessDenied) {
		t.Errorf("got %v", err)
	}
	if len(g.asked) != 1 || g.asked[0].Action != "access-analyzer:ValidatePolicy" || g.asked[0].Resource != "*" {
		t.Errorf("asked %+v", g.asked)
	}
}

func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		kind, document string
		want           []string
	}{
		{"IDENTITY_POLICY", everything, []string{"ALLOW_EVERYTHING"}},
		{"SERVICE_CONTROL_POLICY", everything, nil},
		{"RESOURCE_POLICY", anyone, []string{"MISSING_RESOURCE", "TRUST_OF_EVERYONE"}},
		{"RESOURCE_CONTROL_POLICY", everything, []string{"MISSING_PRINCIPAL"}},
		{"TRUST", anyone, []string{"TRUST_OF_EVERYONE"}},
		{"IDENTITY_POLICY", "{", []string{"JSON_SYNTAX_ERROR"}},
	} {
		out := ask(t, input(tt.kind, tt.document))
		if got := codes(out); !slices.Equal(got, tt.want) || out.NextToken != nil || out.Findings == nil {
			t.Errorf("%s: %v, want %v", tt.kind, got, tt.want)
		}
	}
}

func TestFindingIsWhole(t *testing.T) {
	f := ask(t, input("TRUST", anyone)).Findings[0]
	if *f.FindingType != "SECURITY_WARNING" || *f.LearnMoreLink != "docs/operations/policy-findings.md#trust_of_everyone" || *f.FindingDetails == "" {
		t.Errorf("got %+v", f)
	}
	at := f.Locations[0]
	if *at.Path[0].Value != "Statement" || *at.Path[1].Value != "Principal" || *at.Span.Start.Line != 1 || *at.Span.Start.Offset != int64(strings.Index(anyone, `"*"`)) || *at.Span.End.Column != *at.Span.Start.Column+3 {
		t.Errorf("at %+v", at)
	}
	key := ask(t, input("IDENTITY_POLICY", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","x":1}]}`)).Findings[0].Locations[0].Path
	if *key[1].Index != 0 || *key[2].Key != "x" {
		t.Errorf("at %+v", key)
	}
}

// Pages hold all findings, in order, each once; their tokens fit one document.
func TestPages(t *testing.T) {
	in := input("IDENTITY_POLICY", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":["iam:A","iam:B","iam:C","iam:D","iam:E"],"Resource":"*"}}`)
	all := codes(ask(t, in))
	if len(all) != 5 {
		t.Fatalf("got %v", all)
	}
	in.MaxResults = new(int64(2))
	n := 0
	for {
		out := ask(t, in)
		n += len(out.Findings)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
		if len(out.Findings) != 2 {
			t.Fatalf("a page of %d", len(out.Findings))
		}
		other := input("IDENTITY_POLICY", everything)
		other.NextToken = in.NextToken
		if _, err := New(&lets{}).ValidatePolicy(t.Context(), caller, other); err == nil {
			t.Error("a token fits another document")
		}
	}
	if n != len(all) {
		t.Errorf("%d findings in pages, %d at once", n, len(all))
	}
}

func TestRefuses(t *testing.T) {
	for name, change := range map[string]func(*accessanalyzerwire.ValidatePolicyInput){
		"no results":       func(in *accessanalyzerwire.ValidatePolicyInput) { in.MaxResults = new(int64(0)) },
		"too many results": func(in *accessanalyzerwire.ValidatePolicyInput) { in.MaxResults = new(int64(maxPage + 1)) },
		"foreign token":    func(in *accessanalyzerwire.ValidatePolicyInput) { in.NextToken = new("2-00") },
		"negative token":   func(in *accessanalyzerwire.ValidatePolicyInput) { in.NextToken = new("-1-00") },
		"resource type of an identity policy": func(in *accessanalyzerwire.ValidatePolicyInput) {
			in.ValidatePolicyResourceType = new(accessanalyzerwire.ValidatePolicyResourceTypeAWSS3Bucket)
		},
	} {
		in := input("IDENTITY_POLICY", everything)
		change(in)
		if _, err := New(&lets{}).ValidatePolicy(t.Context(), caller, in); !awserr.Is(err, accessanalyzerwire.ErrValidation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
