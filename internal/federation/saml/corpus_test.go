package saml

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/federation/saml/samltest"
)

// attack is a response that must be refused, and the stage that has to do it.
// That the stage is named makes the entry fail when its check goes, even where
// a later stage would still refuse.
type attack struct {
	class, name string
	stage       Stage
	response    string // XML; encoded by the test
	encoded     string // the form's value, where response is empty
}

// Codes that are not InvalidIdentityToken, by a part of the entry's name.
var otherCodes = map[string]string{
	"expired: ":  "ExpiredTokenException",
	"rejected: ": "IDPRejectedClaim",
}

func TestAttacks(t *testing.T) {
	all := slices.Concat(envelopeAttacks(), wrappingAttacks(t), lexicalAttacks(t), referenceAttacks(), algorithmAttacks(), keyAttacks(t),
		structureAttacks(t), policyAttacks(t), attributeAttacks(), encryptionAttacks(t))
	classes := map[string]int{}
	v, p := verifierAt(start), provider(t)
	for _, a := range all {
		if a.encoded == "" {
			a.encoded = samltest.Encode(a.response)
		}
		classes[a.class]++
		got, err := v.Verify(p, a.encoded)
		stage, code := stageOf(err)
		if got != nil || stage != a.stage {
			t.Errorf("%s: %s: refused by %q, want %q: %v", a.class, a.name, stage, a.stage, err)
		}
		want := "InvalidIdentityToken"
		for prefix, c := range otherCodes {
			if strings.HasPrefix(a.name, prefix) {
				want = c
			}
		}
		if code != want {
			t.Errorf("%s: %s: code %q, want %q", a.class, a.name, code, want)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-10s %3d", class, classes[class])
	}
	if len(all) < 150 {
		t.Errorf("%d attacks, want at least 150", len(all))
	}
}

func envelopeAttacks() []attack {
	good := samltest.Encode(signedBoth())
	entry := func(name, encoded string) attack {
		return attack{class: "envelope", name: name, stage: StageEnvelope, encoded: encoded}
	}
	return []attack{
		entry("too short", "AA="),
		entry("too long", samltest.Encode(replaceLast(signedBoth(), "</samlp:Response>", "</samlp:Response>"+strings.Repeat(" ", 80_000)))),
		entry("not base64", "<samlp:Response/>"),
		entry("URL alphabet", strings.NewReplacer("+", "-", "/", "_").Replace(good)+"-_=="),
		entry("text after the padding", good+"AAAA===="),
		entry("a space in it", good[:100]+" "+good[100:]),
		entry("a NUL in it", good[:100]+"\x00"+good[100:]),
		entry("loose bits at the end", "PGE+PC9hPh=="),
		entry("no padding", strings.TrimRight(samltest.Encode(signedBoth()+" "), "=")+"A"),
		{class: "envelope", name: "deflated, as the redirect binding has it", stage: StageLexical, encoded: "fZDBasMwEETvhfyD0N2SHDdNLGxDoJdCe2mSHnpbyZtYYGuFVyH5/Nqlh9BCj8Ps2xmmYhj6UW/53KZX/BgxiXjpB89yTsRxnOgIPGs3YCSkZQ=="},
	}
}

func replaceLast(s, old, with string) string {
	i := strings.LastIndex(s, old)
	return s[:i] + with + s[i+len(old):]
}

// cut is the part of s from one text to the end of another.
func cut(t testing.TB, s, from, to string) string {
	t.Helper()
	i := strings.Index(s, from)
	if i < 0 {
		t.Fatalf("%q is not in the document", from)
	}
	j := strings.Index(s[i:], to)
	if j < 0 {
		t.Fatalf("%q is not in the document", to)
	}
	return s[i : i+j+len(to)]
}
