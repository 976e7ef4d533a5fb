package gate

import (
	"maps"
	"strings"

	"sojourn/internal/policy"
)

// nobodysAudience is what no proof is made out to.
const nobodysAudience = "sojourn:an-audience-that-nobody-has"

// takesAnyAudience reports whether a request that is allowed would be so for a
// proof that was made out to anybody else: then whoever runs some application
// could use the proofs that its users hand it.
func takesAnyAudience(q *question, keys []string) bool {
	if len(keys) == 0 {
		return false
	}
	other := q.Request
	other.Context = maps.Clone(q.Context)
	for _, k := range keys {
		other.Context[k] = []string{nobodysAudience}
	}
	return policy.Decide(q.set, &other).Allowed
}

func anyAudience(keys []string) string {
	return "because the trust policy takes proofs that were made out to anybody: it must ask for " + strings.Join(keys, " or ")
}
