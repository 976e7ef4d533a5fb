package sts

import (
	"strings"
	"testing"
)

// FuzzRoleARN: what is taken is an ARN of the account and the name that were read.
func FuzzRoleARN(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/R", "arn:aws:iam::111122223333:role/a/b/R", "arn:aws:iam::1:role/R", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRoleARN(s)
		if err != nil {
			return
		}
		if r.arn != s || len(r.account) != 12 || r.name == "" || strings.ContainsAny(r.name, "/: \n") ||
			!strings.HasPrefix(s, "arn:aws:iam::"+r.account+":role/") || !strings.HasSuffix(s, "/"+r.name) {
			t.Errorf("%q became %+v", s, r)
		}
	})
}
