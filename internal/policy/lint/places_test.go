package lint

import (
	"encoding/json"
	"slices"
	"testing"

	"sojourn/internal/policy"
)

// All findings of a document, each with the words that it stands at: nothing
// is told twice, and the smallest part that is wrong is named.
func TestTheSmallestPartIsNamed(t *testing.T) {
	for _, tt := range []struct {
		kind policy.Kind
		text string
		want []string
	}{
		{policy.Identity, doc(`{"Effect":"Deny","Action":["a:b","bad"],"NotResource":["arn:aws:s3:::b","x"]}`), []string{`INVALID_ACTION "bad"`, `INVALID_RESOURCE "x"`}},
		{policy.Identity, doc(`[{"Effect":"Deny","Action":"*","Resource":"*"},"x"]`), []string{`DATA_TYPE_MISMATCH "x"`}},
		{policy.Identity, when("Deny", `{"Nul":{"a:b":"c","a:d":"e"},"Bool":"x","DateLessThan":{"a:b":["2026","soon",{}]}}`),
			[]string{`INVALID_CONDITION {"a:b":"c","a:d":"e"}`, `DATA_TYPE_MISMATCH "x"`, `INVALID_CONDITION "soon"`, `DATA_TYPE_MISMATCH {}`}},
		{policy.Identity, `{"Version":"2012-10-17","Id":"x","Statemen":[]}`, []string{`MISSING_STATEMENT {"Version":"2012-10-17","Id":"x","Statemen":[]}`, `INVALID_POLICY_ELEMENT "Statemen"`}},
		{policy.Identity, doc(`{"Action":"*","Resource":"*"}`), []string{`MISSING_EFFECT {"Action":"*","Resource":"*"}`}},
		{policy.Identity, doc(`{"Effect":"Deny","Action":[],"Resource":"*"}`), []string{`MISSING_ACTION []`}},
		{policy.Identity, doc(`{"Effect":"Deny","Resource":"arn:aws:codecommit:*:*:${aws:username}","action":"*","NotAction":"a:b"}`), []string{`INVALID_POLICY_ELEMENT "action"`}},
		{policy.Identity, doc(`[{"Sid":"a","Effect":"Deny","Action":"a:b","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]`), []string{`UNIQUE_SIDS_REQUIRED "a"`}},
		{policy.Identity, doc(`{"Effect":"Deny","Principal":{"AWS":["*"]},"Action":"*","Resource":"*"}`), []string{`UNSUPPORTED_PRINCIPAL {"AWS":["*"]}`}},
		{policy.Identity, "[]", []string{"DATA_TYPE_MISMATCH []"}},
		{policy.Trust, doc(`{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","x"],"Federated":"y"},"Action":["sts:AssumeRole","sts:GetCallerIdentity"]}`),
			[]string{`INVALID_PRINCIPAL_FORMAT "x"`, `INVALID_PRINCIPAL_FORMAT "y"`, `INVALID_ACTION "sts:GetCallerIdentity"`}},
		{policy.Trust, doc(`{"Effect":"Deny","Principal":{"AWS":[]},"Action":"sts:AssumeRole","Resource":"*"}`), []string{`INVALID_PRINCIPAL_FORMAT {"AWS":[]}`, `UNSUPPORTED_RESOURCE "*"`}},
		{policy.Resource, doc(`{"Effect":"Deny","Principal":{"AWS":"x"},"Action":"*","Resource":"*"}`), []string{`INVALID_PRINCIPAL_FORMAT "x"`}},
		{policy.Identity, when("Deny", `{"NumericEquals":{"aws:PrincipalArn":"1","aws:CurrentTime":"1"},"StringEquals":{"aws:MultiFactorAuthAge":"1","aws:EpochTime":"1","aws:PrincipalTag/":"x"},"ArnLike":{"iam:PolicyARN":"*"},"Bool":{"aws:SecureTransport":"true"}}`),
			[]string{`TYPE_MISMATCH "aws:PrincipalArn"`, `TYPE_MISMATCH "aws:CurrentTime"`, `TYPE_MISMATCH "aws:MultiFactorAuthAge"`, `TYPE_MISMATCH "aws:EpochTime"`, `INVALID_GLOBAL_CONDITION_KEY "aws:PrincipalTag/"`}},
	} {
		var got []string
		for _, f := range Check(tt.kind, tt.text) {
			got = append(got, f.Code+" "+string([]rune(tt.text)[f.Start.Offset:f.End.Offset]))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s\n\tgot  %q\n\twant %q", tt.text, got, tt.want)
		}
	}
}

func TestFindingAsJSON(t *testing.T) {
	f := Finding{Warning, "C", "m", []Step{{Name: "Statement"}, {Index: 2, IsIndex: true}, {Name: "k", IsKey: true}}, Position{1, 2, 3}, Position{4, 5, 6}}
	b, err := json.Marshal(f)
	const want = `{"findingType":"WARNING","issueCode":"C","findingDetails":"m","locations":[{"path":[{"value":"Statement"},{"index":2},{"key":"k"}],"span":{"start":{"line":1,"column":2,"offset":3},"end":{"line":4,"column":5,"offset":6}}}]}`
	if err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
}
