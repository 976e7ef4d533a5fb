package sts

import (
	"regexp"
	"strings"
	"testing"
)

// roleARN is the form of a role's ARN.
var roleARN = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):role(?:/|/[\x21-\x7e]+/)([\w+=,.@-]{1,64})$`)

// FuzzRoleARN: what is taken is an ARN of the account and the name that were read.
func FuzzRoleARN(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::111122223333:role/R", "arn:aws:iam::111122223333:role/a/b/R", "arn:aws:iam::1:role/R", "",
		"arn:aws:iam::111122223333:role//R", "arn:aws:iam::111122223333:role///R", "arn:aws:iam::111122223333:role/a:b/R", "arn:aws:iam::111122223333:role/a b/R",
		"arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:role/a/", "111122223333:role/R", "arn:aws:iam::11112222333x:role/R", "arn:aws:iam::111122223333:user/R",
		"arn:aws:iam::111122223333:role/R:1", "arn:aws:iam::111122223333:role/é", "arn:aws:iam::111122223333:role/R\n", "arn:aws:iam::111122223333:role/" + strings.Repeat("R", 65)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRoleARN(s)
		if ok := err == nil; ok != roleARN.MatchString(s) {
			t.Errorf("%q is taken: %v", s, ok)
		}
		if err != nil {
			return
		}
		if r.arn != s || len(r.account) != 12 || r.name == "" || strings.ContainsAny(r.name, "/: \n") ||
			!strings.HasPrefix(s, "arn:aws:iam::"+r.account+":role/") || !strings.HasSuffix(s, "/"+r.name) {
			t.Errorf("%q became %+v", s, r)
		}
	})
}
