package saml

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/beevik/etree"

	"sojourn/internal/federation/saml/samltest"
)

var mutants = flag.Int("mutants", 5_000, "random mutants of signed responses to try")

// TestMutants changes genuine responses at random, in their bytes and in their
// trees. Whatever is accepted says exactly what the provider has signed.
func TestMutants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	v, p := verifierAt(start), provider(t)
	bases := []string{signedResponse(), signedAssertion(), signedBoth(), encrypted()[0].response}
	want, err := v.Verify(p, samltest.Encode(bases[0]))
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for range *mutants {
		m := mutant(random, bases[random.IntN(len(bases))])
		got, err := v.Verify(p, samltest.Encode(m))
		switch {
		case err == nil && !reflect.DeepEqual(got, want):
			t.Fatalf("forged: %+v\n%s", got, m)
		case err == nil:
			accepted++
		}
	}
	if accepted == 0 {
		t.Error("no mutant was accepted: the mutation is too coarse to tell")
	}
	t.Logf("%d mutants, %d accepted, 0 forged", *mutants, accepted)
}

func mutant(r *rand.Rand, base string) string {
	if r.IntN(3) == 0 {
		return byteMutant(r, []byte(base))
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(base); err != nil {
		panic(err)
	}
	for range 1 + r.IntN(3) {
		treeMutation(r, doc)
	}
	return samltest.Must(doc.WriteToString())
}

// byteMutant flips, drops, doubles or moves some bytes.
func byteMutant(r *rand.Rand, b []byte) string {
	for range 1 + r.IntN(3) {
		i, n := r.IntN(len(b)-64), 1+r.IntN(32)
		switch r.IntN(5) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = "<>&\"'/:= !?-_#"[r.IntN(14)]
		case 2:
			b = append(b[:i:i], b[i+n:]...)
		case 3:
			b = append(b[:i+n:i+n], b[i:]...)
		case 4:
			j := r.IntN(len(b) - 64)
			copy(b[i:i+n], append([]byte(nil), b[j:j+n]...))
		}
	}
	return string(b)
}

var (
	otherTags   = []string{"Assertion", "Response", "Signature", "Subject", "NameID", "Issuer", "Extensions", "Object", "EncryptedAssertion", "x"}
	otherSpaces = []string{"saml", "samlp", "ds", "", "x", "xml"}
	otherTexts  = []string{"admin@example.com", "", " ", "alice", roleARN + "Admin," + providerARN, "urn:amazon:webservices", "alice@example.com"}
	otherAttrs  = []string{"ID", "Id", "id", "xml:id", "samlp:ID", "Version", "xmlns", "xmlns:saml", "xmlns:x", "Recipient", "Name", "URI", "Algorithm", "Format"}
	otherValues = []string{"_r1", "_a1", "_x", "#_r1", "#_a1", "", nsAssertion, nsProtocol, nsSignature, exclusive, enveloped, ours, "2.0", "1"}
)

// treeMutation changes one thing of a document.
func treeMutation(r *rand.Rand, doc *etree.Document) {
	all := doc.FindElements("//*")
	if len(all) < 2 {
		return
	}
	one, two := all[r.IntN(len(all))], all[r.IntN(len(all))]
	switch r.IntN(12) {
	case 0: // copy
		two.InsertChildAt(r.IntN(len(two.Child)+1), one.Copy())
	case 1: // copy beside
		if p := one.Parent(); p != nil {
			p.InsertChildAt(r.IntN(len(p.Child)+1), one.Copy())
		}
	case 2: // move
		if c := one.Copy(); one.Parent() != nil && one != doc.Root() {
			one.Parent().RemoveChild(one)
			two.InsertChildAt(r.IntN(len(two.Child)+1), c)
		}
	case 3: // drop
		if one != doc.Root() {
			one.Parent().RemoveChild(one)
		}
	case 4:
		one.Tag = pick(r, otherTags)
	case 5:
		one.Space = pick(r, otherSpaces)
	case 6:
		one.SetText(pick(r, otherTexts))
	case 7:
		one.InsertChildAt(r.IntN(len(one.Child)+1), etree.NewText(pick(r, otherTexts)))
	case 8:
		one.InsertChildAt(r.IntN(len(one.Child)+1), etree.NewComment(" x "))
	case 9:
		one.CreateAttr(pick(r, otherAttrs), pick(r, otherValues))
	case 10: // swap attributes
		if len(one.Attr) > 0 && len(two.Attr) > 0 {
			i, j := r.IntN(len(one.Attr)), r.IntN(len(two.Attr))
			one.Attr[i].Value, two.Attr[j].Value = two.Attr[j].Value, one.Attr[i].Value
		}
	case 11: // drop an attribute
		if len(one.Attr) > 0 {
			a := one.Attr[r.IntN(len(one.Attr))]
			one.RemoveAttr(a.FullKey())
		}
	}
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }
