package seal

import (
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
)

// Nothing opens but what was issued. (The fuzzer's processes share no random
// tokens; the frozen one is the genuine one of all of them.)
func FuzzOpen(f *testing.F) {
	k := testRing(f)
	f.Add(frozenKeyID, frozenToken)
	f.Add(frozenKeyID, frozenToken[1:])
	f.Add("ASIAQNZGKIQY56JQ7WML", "AQ")
	f.Fuzz(func(t *testing.T, akid, token string) {
		s, key, err := k.Open(akid, token, start)
		if err == nil && (akid != frozenKeyID || token != frozenToken) {
			t.Errorf("forged: %q %q", akid, token)
		}
		if err != nil && (!awserr.Is(err, awserr.InvalidClientTokenID) || !key.Empty() || s.Kind != principal.Anonymous) {
			t.Errorf("%+v, error %v", s, err)
		}
	})
}

// What the decoder takes, the encoder writes again the same way, and it is never large.
func FuzzClaims(f *testing.F) {
	f.Add(must(encoding.Marshal(claimsOf(new(session())))), false)
	f.Add(deflate(must(encoding.Marshal(claimsOf(new(session()))))), true)
	f.Add([]byte("\xa1\x01\x02"), false)
	f.Fuzz(func(t *testing.T, data []byte, deflated bool) {
		c, err := decodeClaims(data, deflated)
		if err != nil {
			return
		}
		s, err := c.session()
		if err != nil {
			return
		}
		again := must(encoding.Marshal(claimsOf(&s)))
		c2, err := decodeClaims(again, false)
		if err != nil || len(again) > maxClaims+64 {
			t.Fatalf("%d bytes, %v", len(again), err)
		}
		if s2, err := c2.session(); err != nil || s2.Kind != s.Kind || s2.Account != s.Account || s2.ID != s.ID || s2.ARN() != s.ARN() || !s2.Expires.Equal(s.Expires) {
			t.Errorf("%+v became %+v, %v", s, s2, err)
		}
	})
}
