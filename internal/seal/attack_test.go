package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
)

// What refuses a token. An entry names it, so that it fails when its check goes
// even where a later one would still refuse.
const (
	byForm    = "not of the form of a session token"
	byKeyID   = "not an access key id of a session"
	byEpoch   = "of a root key or a day that is not accepted"
	bySeal    = "not sealed here, or not for this access key id"
	byCBOR    = "claims that are not strict CBOR"
	byInflate = "claims that do not inflate"
	byClaims  = "claims that no session has"
	byEnd     = "The security token included in the request is expired"
)

// attack is a token that must be refused.
type attack struct {
	class, name string
	by          string
	akid, token string
	at          time.Time // start where it is zero
	ring        *Keyring  // testRing where it is nil
}

func TestAttacks(t *testing.T) {
	k := testRing(t)
	all := slices.Concat(bitAttacks(t, k), lengthAttacks(t, k), spellingAttacks(t, k), swapAttacks(t, k), headerAttacks(k),
		lifeAttacks(t, k), cborAttacks(k), inflateAttacks(k), sessionAttacks(k))
	classes := map[string]int{}
	for _, a := range all {
		classes[a.class]++
		if a.at.IsZero() {
			a.at = start
		}
		if a.ring == nil {
			a.ring = k
		}
		s, key, err := a.ring.Open(a.akid, a.token, a.at)
		if s.Kind != principal.Anonymous || !key.Empty() || err == nil {
			t.Errorf("%s: %s: opened %+v", a.class, a.name, s)
			continue
		}
		code := awserr.InvalidClientTokenID
		if a.by == byEnd {
			code = awserr.ExpiredToken
		}
		e := awserr.From(err)
		if said := fmt.Sprint(e.Message, " ", e.Cause); e.Code != code || !strings.Contains(said, a.by) {
			t.Errorf("%s: %s: refused by %q, want %q", a.class, a.name, said, a.by)
		}
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-9s %3d", class, classes[class])
	}
	if len(all) < 60 {
		t.Errorf("%d attacks, want at least 60", len(all))
	}
}

// TestBenign are the tokens that the attacks are made from.
func TestBenign(t *testing.T) {
	k := testRing(t)
	for name, f := range map[string]forgery{"plain": {}, "deflated": {deflated: true}, "by the root that goes": {generation: 1},
		"of the longest session's day": {day: dayOf(start) - 2}, "sealed a day ahead, by clocks": {day: dayOf(start) + 1}} {
		akid, token := f.make(k)
		if s, key, err := k.Open(akid, token, start); err != nil || s.Account != "111122223333" || key.Empty() {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
	issued := issue(t, k, session())
	if _, _, err := k.Open(issued.AccessKeyID, issued.Token, start.Add(time.Hour-time.Nanosecond)); err != nil {
		t.Error(err)
	}
}

// forgery is a token made with the true keys but not by Issue. Zero fields are as Issue fills them.
type forgery struct {
	account    string
	generation byte
	day        int
	version    *byte
	flags      byte
	deflated   bool
	data       []byte
}

func (f forgery) make(k *Keyring) (akid, token string) {
	if f.account == "" {
		f.account = "111122223333"
	}
	if f.generation == 0 {
		f.generation = k.ring.Load().current
	}
	if f.day == 0 {
		f.day = dayOf(start)
	}
	if f.data == nil {
		f.data = must(encoding.Marshal(claimsOf(new(session()))))
	}
	if f.deflated {
		f.flags, f.data = flagDeflated, deflate(f.data)
	}
	header := []byte{tokenVersion, f.flags}
	if f.version != nil {
		header[0] = *f.version
	}
	id := newKeyID(f.generation, f.day)
	header = append(header, id[:]...)
	akid, nonce := NewAccessKeyID("ASIA", f.account), newNonce()
	key := newXAES(derive(k.ring.Load().roots[f.generation], id[:], labelSeal))
	return akid, tokenEncoding.EncodeToString(key.seal(append(bytes.Clone(header), nonce...), nonce, f.data, tokenAD(header, akid)))
}

func (f forgery) attack(k *Keyring, class, name, by string) attack {
	akid, token := f.make(k)
	return attack{class: class, name: name, by: by, akid: akid, token: token}
}

// bitAttacks change one bit in every region of a token; TestTamper changes all.
func bitAttacks(t *testing.T, k *Keyring) (all []attack) {
	issued := issue(t, k, session())
	raw := must(tokenEncoding.DecodeString(issued.Token))
	for _, c := range []struct {
		region string
		at     int
		bit    byte
		by     string
	}{
		{"version", 0, 1, byForm}, {"flag that is known", 1, flagDeflated, bySeal}, {"flag that is not", 1, 0x80, byForm},
		{"root generation that is gone", 2, 0x40, byEpoch}, {"day, to the future", 3, 0x80, byEpoch}, {"day, to the past", 5, 0x04, bySeal},
		{"nonce's first half", headerSize, 1, bySeal}, {"nonce's second half", headerSize + 12, 1, bySeal}, {"nonce's last byte", boxAt - 1, 0x80, bySeal},
		{"claims' first byte", boxAt, 1, bySeal}, {"claims' middle", (boxAt + len(raw)) / 2, 4, bySeal},
		{"tag's first byte", len(raw) - tagSize, 1, bySeal}, {"tag's last byte", len(raw) - 1, 0x80, bySeal},
	} {
		changed := bytes.Clone(raw)
		changed[c.at] ^= c.bit
		all = append(all, attack{class: "bit", name: c.region, by: c.by, akid: issued.AccessKeyID, token: tokenEncoding.EncodeToString(changed)})
	}
	return all
}

// lengthAttacks cut, lengthen and repeat.
func lengthAttacks(t *testing.T, k *Keyring) (all []attack) {
	issued := issue(t, k, session())
	raw := must(tokenEncoding.DecodeString(issued.Token))
	text := tokenEncoding.EncodeToString
	for _, c := range []struct{ name, token, by string }{
		{"nothing", "", byForm}, {"one character", issued.Token[:1], byForm},
		{"the header alone", text(raw[:headerSize]), byForm}, {"header and nonce", text(raw[:boxAt]), byForm},
		{"a tag without claims", text(slices.Concat(raw[:boxAt], raw[len(raw)-tagSize:])), byForm},
		{"without its last byte", text(raw[:len(raw)-1]), bySeal}, {"without its tag", text(raw[:len(raw)-tagSize]), bySeal},
		{"without its first byte", text(raw[1:]), byForm}, {"a byte more at the end", text(append(bytes.Clone(raw), 0)), bySeal},
		{"a byte more before the claims", text(slices.Insert(bytes.Clone(raw), boxAt, 0)), bySeal},
		{"a byte more in the nonce", text(slices.Insert(bytes.Clone(raw), headerSize, 0)), bySeal},
		{"a byte more in front", text(append([]byte{tokenVersion}, raw...)), byEpoch},
		{"twice", text(slices.Concat(raw, raw)), bySeal}, {"all zeros", text(make([]byte, len(raw))), byForm},
		{"one character more than allowed", strings.Repeat("A", maxToken+1), byForm}, {"a megabyte", strings.Repeat("A", 1<<20), byForm},
	} {
		all = append(all, attack{class: "length", name: c.name, by: c.by, akid: issued.AccessKeyID, token: c.token})
	}
	long := session()
	long.SessionPolicy = randomText(4000)
	return append(all, forgery{data: must(encoding.Marshal(claimsOf(&long)))}.attack(k, "length", "genuine but too long", byForm))
}

// spellingAttacks write the same bytes in another way.
func spellingAttacks(t *testing.T, k *Keyring) (all []attack) {
	issued := issue(t, k, session())
	for !strings.ContainsAny(issued.Token, "-_") || len(issued.Token)%4 == 0 {
		s := session()
		s.SessionName = randomText(2 + len(issued.Token)%7)
		issued = issue(t, k, s)
	}
	tok, half := issued.Token, len(issued.Token)/2
	raw := must(tokenEncoding.DecodeString(tok))
	last := strings.IndexByte(base64url, tok[len(tok)-1])
	for _, c := range []struct{ name, token string }{
		{"line feed at the end", tok + "\n"}, {"line feed in front", "\n" + tok}, {"line feed within", tok[:half] + "\n" + tok[half:]},
		{"carriage return at the end", tok + "\r"}, {"carriage return within", tok[:half] + "\r" + tok[half:]}, {"CR LF as MIME breaks lines", tok[:76] + "\r\n" + tok[76:]},
		{"space", tok[:half] + " " + tok[half:]}, {"tab", tok + "\t"}, {"NUL", tok + "\x00"},
		{"padded", base64.URLEncoding.EncodeToString(raw)}, {"half padded", tok + "="}, {"the standard alphabet", base64.RawStdEncoding.EncodeToString(raw)},
		{"loose bits behind the last byte", tok[:len(tok)-1] + string(base64url[last^1])}, {"percent-encoded", fmt.Sprintf("%%%02X", tok[0]) + tok[1:]},
		{"in hexadecimal digits", fmt.Sprintf("%x", raw[:100])}, {"a full-width letter", "Ａ" + tok[1:]}, {"in quotes", `"` + tok + `"`},
		{"in lower case", strings.ToLower(tok)},
	} {
		all = append(all, attack{class: "spelling", name: c.name, by: byForm, akid: issued.AccessKeyID, token: c.token})
	}
	return all
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// swapAttacks join parts of genuine credentials that do not belong together.
func swapAttacks(t *testing.T, k *Keyring) (all []attack) {
	one, two := issue(t, k, session()), issue(t, k, session())
	other := session()
	other.Account = "999999999999"
	foreign := issue(t, k, other)
	raw, raw2 := must(tokenEncoding.DecodeString(one.Token)), must(tokenEncoding.DecodeString(two.Token))
	at := func(b []byte, i, j int, with []byte) string {
		return tokenEncoding.EncodeToString(slices.Concat(b[:i], with[i:j], b[j:]))
	}
	elsewhere := must(parseKeyring([]byte(`{"version":1,"generations":[{"generation":2,"phase":"seal","root":"` + rootText(9) + `"}]}`)))
	stranger := issue(t, elsewhere, session())
	message := k.SealMessage("111122223333", []byte(strings.Repeat("m", 300)))
	for _, c := range []struct{ name, akid, token, by string }{
		{"another session's key id", two.AccessKeyID, one.Token, bySeal}, {"another account's key id", foreign.AccessKeyID, one.Token, bySeal},
		{"another session's nonce", one.AccessKeyID, at(raw, headerSize, boxAt, raw2), bySeal}, {"another session's claims", one.AccessKeyID, at(raw, boxAt, len(raw), raw2[:min(len(raw), len(raw2))]), bySeal},
		{"another session's tag", one.AccessKeyID, tokenEncoding.EncodeToString(append(bytes.Clone(raw[:len(raw)-tagSize]), raw2[len(raw2)-tagSize:]...)), bySeal},
		{"another root generation that is known", one.AccessKeyID, at(raw, 2, 3, []byte{0, 0, 1}), bySeal},
		{"another installation's", stranger.AccessKeyID, stranger.Token, bySeal},
		{"a long-term key's id", "AKIA" + one.AccessKeyID[4:], one.Token, byKeyID}, {"no key id", "", one.Token, byKeyID},
		{"key id in lower case", strings.ToLower(one.AccessKeyID), one.Token, byKeyID}, {"key id with a line feed", one.AccessKeyID[:19] + "\n", one.Token, byKeyID},
		{"key id with one character more", one.AccessKeyID + "A", one.Token, byKeyID}, {"key id of an older layout", "ASIAIOSFODNN7EXAMPLE", one.Token, byKeyID},
		{"the token as key id", one.Token, one.AccessKeyID, byKeyID},
		{"a sealed message as token", one.AccessKeyID, message, "a session token "},
	} {
		all = append(all, attack{class: "swap", name: c.name, by: c.by, akid: c.akid, token: c.token})
	}
	return all
}

// headerAttacks are sealed with the true key, under headers that no version of ours has.
func headerAttacks(k *Keyring) (all []attack) {
	for _, v := range []byte{0, 2, 0x81, 0xff} {
		all = append(all, forgery{version: &v}.attack(k, "header", fmt.Sprint("version ", v), byForm))
	}
	for _, f := range []byte{2, 3, 0x80, 0xff} {
		all = append(all, forgery{flags: f}.attack(k, "header", fmt.Sprint("flags ", f), byForm))
	}
	return all
}

// lifeAttacks use a session before or after its time, or after its end by the operator.
func lifeAttacks(t *testing.T, k *Keyring) []attack {
	issued := issue(t, k, session())
	late := func(name string, d time.Duration) attack {
		return attack{class: "life", name: name, by: byEnd, akid: issued.AccessKeyID, token: issued.Token, at: start.Add(d)}
	}
	since := must(parseKeyring([]byte(`{"version":1,"sessions_since":"2026-11-23","generations":[{"generation":2,"phase":"seal","root":"` + rootText(2) + `"}]}`)))
	ended := forgery{day: dayOf(start) - 1}.attack(since, "life", "of a day before sessions_since", byEpoch)
	ended.ring = since
	return []attack{
		late("at its end", time.Hour), late("a second after its end", time.Hour+time.Second), late("a year after", 365*24*time.Hour),
		ended,
		forgery{day: dayOf(start) + 2}.attack(k, "life", "of a day to come", byEpoch),
		forgery{day: 1<<24 - 1}.attack(k, "life", "of the last day that fits", byEpoch),
		withdrawn(),
	}
}

// withdrawn is a token of a root generation that the keyring no longer has.
func withdrawn() attack {
	old := must(parseKeyring([]byte(`{"version":1,"generations":[{"generation":7,"phase":"seal","root":"` + rootText(7) + `"}]}`)))
	return forgery{}.attack(old, "life", "of a root that is withdrawn", byEpoch)
}

// cborAttacks are sealed with the true key, but not in the strict form.
func cborAttacks(k *Keyring) (all []attack) {
	bare := session()
	bare.Provider, bare.PolicyARNs = "", nil // so that another one of these is the first
	good := must(encoding.Marshal(claimsOf(&bare)))
	nested := any("x")
	for range 20 {
		nested = []any{nested}
	}
	more := func(extra string) []byte { // the map's head says one pair more
		b := bytes.Clone(good)
		b[0]++
		return append(b, extra...)
	}
	text := func(m map[int]any) []byte { return must(cbor.Marshal(m)) }
	for name, data := range map[string][]byte{
		"account twice": more("\x02\x6c999999999999"), "kind twice": more("\x01\x01"), "unknown key": more("\x18\x63\x02"), "negative key": more("\x20\x02"),
		"text key": more("\x61a\x02"), "text key that looks like a number": more("\x612\x6c999999999999"), "key as byte text": more("\x41\x01\x02"),
		"indefinite map": append(append([]byte{0xbf}, good[1:]...), 0xff), "indefinite text": more("\x0d\x7f\x61a\x61b\xff"), "indefinite array": more("\x09\x9f\x61a\xff"),
		"tagged": append([]byte{0xd9, 0xd9, 0xf7}, good...), "tag within": more("\x0d\xc0\x61a"),
		"a byte behind": append(bytes.Clone(good), 0), "two maps": slices.Concat(good, good), "cut": good[:len(good)-1],
		"array": must(cbor.Marshal([]int{1, 2})), "null": {0xf6}, "undefined": {0xf7}, "a float": text(map[int]any{6: 1.5}), "deep": text(map[int]any{9: nested}),
		"kind as text": text(map[int]any{1: "role"}), "kind beyond a byte": text(map[int]any{1: 256}), "time beyond 64 bits": text(map[int]any{7: uint64(1) << 63}),
		"text not in UTF-8": more("\x0d\x61\xff"), "a length beyond the end": {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "empty": {0xa0}, "one byte": {0},
	} {
		by := byCBOR
		if name == "empty" || name == "null" || name == "undefined" {
			by = byClaims
		}
		all = append(all, forgery{data: data}.attack(k, "CBOR", name, by))
	}
	return all
}

// inflateAttacks deflate what is too much, too little, or not deflated at all.
func inflateAttacks(k *Keyring) (all []attack) {
	good := deflate(must(encoding.Marshal(claimsOf(new(session())))))
	for name, data := range map[string][]byte{
		"a bomb": deflate(make([]byte, 2<<20)), "one byte too much": deflate(make([]byte, maxClaims+1)), "a byte behind": append(bytes.Clone(good), 0),
		"two streams": slices.Concat(good, good), "cut": good[:len(good)/2], "not deflated": must(encoding.Marshal(claimsOf(new(session())))), "random": bytes.Repeat([]byte{0xff}, 99),
	} {
		all = append(all, forgery{flags: flagDeflated, data: data}.attack(k, "inflate", name, byInflate))
	}
	return append(all, forgery{data: good}.attack(k, "inflate", "deflated and not said so", byCBOR))
}

// sessionAttacks are strict claims, sealed with the true key, of what Issue never issues.
func sessionAttacks(k *Keyring) (all []attack) {
	for name, change := range map[string]func(*claims){
		"kind 0": func(c *claims) { c.Kind = 0 }, "a kind to come": func(c *claims) { c.Kind = 5 }, "no account": func(c *claims) { c.Account = "" },
		"another account than the key id's": func(c *claims) { c.Account = "999999999999" }, "an account of 13 digits": func(c *claims) { c.Account += "3" },
		"an account with a letter": func(c *claims) { c.Account = "11112222333x" }, "ends before it begins": func(c *claims) { c.Expires = c.Issued - 1 },
		"ends as it begins": func(c *claims) { c.Expires = c.Issued },
	} {
		c := claimsOf(new(session()))
		change(c)
		all = append(all, forgery{data: must(encoding.Marshal(c))}.attack(k, "session", name, byClaims))
	}
	return all
}

// TestMutants: 100,000 random changes to genuine tokens open nothing.
func TestMutants(t *testing.T) {
	const mutants = 100_000
	k := testRing(t)
	plain := session()
	plain.Claims, plain.Tags, plain.TransitiveTag, plain.SessionPolicy = nil, nil, nil, ""
	issued := []Issued{issue(t, k, session()), issue(t, k, plain)}
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for i := range mutants {
		from, with := issued[i%2], issued[1-i%2]
		token := mutant(random, from.Token, with.Token)
		if token == from.Token {
			continue
		}
		if s, key, err := k.Open(from.AccessKeyID, token, start); err == nil || !key.Empty() || s.Kind != principal.Anonymous {
			t.Fatalf("mutant %d opens: %q", i, token)
		}
	}
}

// mutant changes token in one or a few places.
func mutant(random *mathrand.Rand, token, other string) string {
	b := []byte(token)
	for range 1 + random.IntN(3) {
		i, j := random.IntN(len(b)), random.IntN(len(b))
		switch random.IntN(7) {
		case 0:
			b[i] = base64url[random.IntN(len(base64url))]
		case 1:
			b = slices.Insert(b, i, base64url[random.IntN(len(base64url))])
		case 2:
			b = slices.Delete(b, i, i+1)
		case 3:
			b[i], b[j] = b[j], b[i]
		case 4:
			b[i] = byte(random.IntN(256))
		case 5:
			b = append(b[:i:i], other[min(i, len(other)):]...)
		case 6:
			b = changeBit(random, b)
		}
		if len(b) == 0 {
			return ""
		}
	}
	return string(b)
}

// changeBit changes a bit of the bytes that a token stands for, where it still stands for some.
func changeBit(random *mathrand.Rand, token []byte) []byte {
	raw, err := tokenEncoding.DecodeString(string(token))
	if err != nil || len(raw) < 8 {
		return token
	}
	at := random.IntN(len(raw) - 7)
	binary.BigEndian.PutUint64(raw[at:], binary.BigEndian.Uint64(raw[at:])^1<<random.IntN(64))
	return []byte(tokenEncoding.EncodeToString(raw))
}
