package gate

import (
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// TestAudience: where nobody else has checked whom a proof was made out to, a
// trust policy that would take anybody's is refused, and the record says why.
func TestAudience(t *testing.T) {
	const role = "arn:aws:iam::" + account + ":role/R"
	for name, x := range map[string]struct {
		condition string
		audience  []string
		ok        bool
	}{
		"it asks for one":            {`{"StringEquals":{"idp.example:aud":"app"}}`, []string{"idp.example:aud"}, true},
		"it asks for one of two":     {`{"StringEquals":{"idp.example:oaud":"server"}}`, []string{"idp.example:aud", "idp.example:oaud"}, true},
		"it asks for something else": {`{"StringEquals":{"idp.example:sub":"maria"}}`, []string{"idp.example:aud", "idp.example:oaud"}, false},
		"it asks for nothing":        {`{}`, []string{"idp.example:aud"}, false},
		"somebody has checked it":    {`{}`, nil, true},
		"it does not let in anyway":  {`{"StringEquals":{"idp.example:sub":"eve"}}`, nil, false},
	} {
		g, l, _ := fixture(t)
		trust, err := policy.Parse(policy.Trust, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":`+x.condition+`}]}`)
		if err != nil {
			t.Fatal(err)
		}
		trust.Name = "trust policy"
		keys := map[string][]string{"idp.example:aud": {"app"}, "idp.example:oaud": {"server"}, "idp.example:sub": {"maria"}}
		err = g.Authorize(t.Context(), &principal.Caller{RequestID: "r"}, Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: role, ResourceAccount: account,
			Trust: trust, Federated: "accounts.google.com", Audience: x.audience, Context: keys})
		if x.ok != (err == nil) || err != nil && !awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("%s: %v", name, err)
		}
		if keys["idp.example:aud"][0] != "app" {
			t.Errorf("%s: the request's own keys are changed", name)
		}
		rec := l.records[len(l.records)-1]
		told := strings.Contains(rec.Reason, "made out to anybody: it must ask for "+strings.Join(x.audience, " or "))
		if told != (!x.ok && x.audience != nil) || rec.PolicyType != "trust" {
			t.Errorf("%s: record %+v", name, rec)
		}
	}
}
