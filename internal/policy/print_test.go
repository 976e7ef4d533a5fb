package policy

import (
	"reflect"
	"testing"
)

func TestCanonicalForm(t *testing.T) {
	for _, tt := range []struct {
		kind       Kind
		text, want string
	}{
		{
			Identity,
			` {"Statement" : {"Resource":["*"], "Action":"s3:Get*","Effect":"Allow"}}`,
			`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`,
		},
		{
			Identity,
			`{"Id":"a\"<b>","Statement":[{"NotResource":["arn:aws:s3:::${aws:username, 'x'}/*","arn:aws:s3:::b"],"Sid":"S1","NotAction":["IAM:Get*","*"],"Effect":"Deny",
			  "Condition":{"StringLike":{"b":["x*",5],"a":true},"Null":{"c":false},"Nope":{},"DateLessThan":{},"ForAnyValue:StringEqualsIfExists":{"k":[]},"StringLikeIfExists":{"b":"y"}}}],"Version":"2012-10-17"}`,
			`{"Version":"2012-10-17","Id":"a\"<b>","Statement":[{"Sid":"S1","Effect":"Deny","NotAction":["IAM:Get*","*"],"NotResource":["arn:aws:s3:::${aws:username, 'x'}/*","arn:aws:s3:::b"],` +
				`"Condition":{"Null":{"c":"false"},"ForAnyValue:StringEqualsIfExists":{"k":[]},"StringLike":{"a":"true","b":["x*","5"]},"StringLikeIfExists":{"b":"y"},"Nope":{}}}]}`,
		},
		{
			Identity,
			`{"Statement":{"Effect":"Deny","Action":"a:b","Resource":"*","Condition":{"Nope":{},"Else":{},"StringNotEquals":{"a":"x"},"StringEquals":{"a":"x"}}}}`,
			`{"Version":"2008-10-17","Statement":[{"Effect":"Deny","Action":"a:b","Resource":"*","Condition":{"StringEquals":{"a":"x"},"StringNotEquals":{"a":"x"},"Else":{},"Nope":{}}}]}`,
		},
		{
			Identity,
			`{"Statement":{"Effect":"Deny","Action":"a:b","Resource":"*","Condition":{"Nope":{},"Bool":{"a":"true"}}}}`,
			`{"Version":"2008-10-17","Statement":[{"Effect":"Deny","Action":"a:b","Resource":"*","Condition":{"Bool":{"a":"true"},"Nope":{}}}]}`,
		},
		{
			Trust,
			`{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com","AWS":["111122223333","*"]}},{"Effect":"Deny","Action":["sts:*"],"NotPrincipal":"*"}]}`,
			`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","*"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","NotPrincipal":"*","Action":"sts:*"}]}`,
		},
	} {
		p, err := Parse(tt.kind, tt.text)
		if err != nil {
			t.Fatalf("Parse(%s): %v", tt.text, err)
		}
		if got := p.String(); got != tt.want {
			t.Errorf("%s\nprints\n%s, want\n%s", tt.text, got, tt.want)
		}
	}
}

// sameAgain parses what p prints: it must be p, but for the places.
func sameAgain(t *testing.T, p *Policy) {
	t.Helper()
	text := p.String()
	again, err := Parse(p.kind, text)
	if err != nil {
		t.Fatalf("%s does not parse: %v", text, err)
	}
	if got := again.String(); got != text {
		t.Fatalf("%s\nprints\n%s", text, got)
	}
	if a, b := unplaced(p), unplaced(again); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v\nprints %s\nwhich is %+v", a, text, b)
	}
}

// unplaced is p without its name, its places, and the ways to write what
// compiles to the same.
func unplaced(p *Policy) Policy {
	out := *p
	out.Name = ""
	out.statements = append([]statement{}, p.statements...)
	for i := range out.statements {
		out.statements[i].start, out.statements[i].end = Position{}, Position{}
	}
	return out
}
