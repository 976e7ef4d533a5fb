package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func base32Decode(s string) ([]byte, error) { return base32.StdEncoding.DecodeString(s) }

// session is a role session with everything in it that a session can have.
func session() principal.Session {
	return principal.Session{
		Kind: principal.AssumedRole, Account: "111122223333", ID: "AROA7777777777777777A", Name: "Deploy", Path: "/ci/",
		SessionName: "build-17", Issued: start, Expires: start.Add(time.Hour),
		SessionPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"}]}`,
		PolicyARNs:    []string{"arn:aws:iam::111122223333:policy/P"},
		Tags:          map[string]string{"team": "blue", "Straße": "ß"}, TransitiveTag: []string{"team"},
		SourceIdent: "alice", Provider: "arn:aws:iam::111122223333:oidc-provider/login.example.com", MFA: start.Add(-time.Minute), Chained: true,
		Claims: map[string][]string{"login.example.com:sub": {"alice"}, "login.example.com:amr": {"a", "b"}},
	}
}

func issue(t testing.TB, k *Keyring, s principal.Session) Issued {
	t.Helper()
	issued, err := k.Issue(s, start)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestRoundTrip(t *testing.T) {
	k := testRing(t)
	for name, s := range map[string]principal.Session{
		"full": session(),
		"role": {Kind: principal.AssumedRole, Account: "111122223333", ID: "AROA7777777777777777A", Name: "Deploy", Path: "/", SessionName: "s"},
		"user": {Kind: principal.User, Account: "000000000001", ID: "AIDA7777777777777777A", Name: "alice", Path: "/people/"},
		"root": {Kind: principal.Root, Account: "999999999999", ID: "999999999999"},
		"federated": {Kind: principal.Federated, Account: "111122223333", ID: "AIDA7777777777777777A", Name: "alice", SessionName: "guest",
			Tags: map[string]string{"a": "b"}},
	} {
		s.Issued, s.Expires = start, start.Add(time.Hour)
		issued := issue(t, k, s)
		got, key, err := k.Open(issued.AccessKeyID, issued.Token, start)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, s)
		}
		if key.Reveal() != issued.Secret.Reveal() || len(key.Reveal()) != 40 {
			t.Errorf("%s: the secret is not the one that was issued", name)
		}
		if account, _ := AccountOf(issued.AccessKeyID); account != s.Account || !strings.HasPrefix(issued.AccessKeyID, "ASIA") {
			t.Errorf("%s: access key id %s", name, issued.AccessKeyID)
		}
		if !issued.Expires.Equal(s.Expires) {
			t.Errorf("%s: expires %v", name, issued.Expires)
		}
	}
}

// A token of yesterday's program opens today: the format and the numbers of the claims stay.
func TestFrozenToken(t *testing.T) {
	s, key, err := testRing(t).Open(frozenKeyID, frozenToken, start)
	if err != nil || !reflect.DeepEqual(s, session()) || key.Reveal() != frozenSecret {
		t.Errorf("opened %+v, %v", s, err)
	}
}

func TestIssueGivesFreshCredentials(t *testing.T) {
	k := testRing(t)
	a, b := issue(t, k, session()), issue(t, k, session())
	if a.AccessKeyID == b.AccessKeyID || a.Token == b.Token || a.Secret.Reveal() == b.Secret.Reveal() {
		t.Errorf("%v and %v", a, b)
	}
	if _, _, err := k.Open(a.AccessKeyID, b.Token, start); !awserr.Is(err, awserr.InvalidClientTokenID) {
		t.Errorf("a token opens with another's access key id: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	k := testRing(t)
	s := session()
	s.Expires = start.Add(15*time.Minute + 900*time.Millisecond)
	issued := issue(t, k, s)
	end := start.Add(15 * time.Minute)
	for _, c := range []struct {
		at   time.Time
		code string
	}{
		{start.Add(-time.Hour), ""}, {start, ""}, {end.Add(-time.Nanosecond), ""},
		{end, awserr.ExpiredToken}, {end.Add(time.Second), awserr.ExpiredToken}, {end.Add(30 * 24 * time.Hour), awserr.ExpiredToken},
		{start.Add(-48 * time.Hour), awserr.InvalidClientTokenID}, // sealed on a day that is still to come
	} {
		if _, _, err := k.Open(issued.AccessKeyID, issued.Token, c.at); c.code == "" && err != nil || c.code != "" && !awserr.Is(err, c.code) {
			t.Errorf("at %v: %v, want %q", c.at, err, c.code)
		}
	}
	if len(k.ring.Load().epochs) > 4 {
		t.Errorf("%d days are kept", len(k.ring.Load().epochs))
	}
}

func TestIssueErrors(t *testing.T) {
	k := testRing(t)
	for name, edit := range map[string]func(*principal.Session){
		"anonymous":         func(s *principal.Session) { s.Kind = principal.Anonymous },
		"unknown kind":      func(s *principal.Session) { s.Kind = 9 },
		"no account":        func(s *principal.Session) { s.Account = "" },
		"over at once":      func(s *principal.Session) { s.Expires = start },
		"over already":      func(s *principal.Session) { s.Expires = start.Add(-time.Hour) },
		"less than seconds": func(s *principal.Session) { s.Expires = start.Add(time.Millisecond) },
		"too long":          func(s *principal.Session) { s.Expires = start.Add(36*time.Hour + time.Second) },
	} {
		s := session()
		edit(&s)
		if _, err := k.Issue(s, start); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	s := session()
	s.Expires = start.Add(36 * time.Hour)
	issued := issue(t, k, s)
	if _, _, err := k.Open(issued.AccessKeyID, issued.Token, s.Expires.Add(-time.Second)); err != nil {
		t.Errorf("the longest session, just before its end: %v", err)
	}
}

// Every changed bit, every prefix, every inserted character and every other
// spelling of a token is refused, and so is every other access key id.
func TestTamper(t *testing.T) {
	k := testRing(t)
	for name, s := range map[string]principal.Session{
		"deflated": session(),
		"short":    {Kind: principal.User, Account: "111122223333", ID: "AIDA7777777777777777A", Name: "a", Path: "/", Expires: start.Add(time.Hour)},
	} {
		issued := issue(t, k, s)
		tried := 0
		refused := func(akid, token, how string) {
			tried++
			if _, _, err := k.Open(akid, token, start); !awserr.Is(err, awserr.InvalidClientTokenID) {
				t.Errorf("%s: %s: %v", name, how, err)
			}
		}
		raw, err := base64.RawURLEncoding.DecodeString(issued.Token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			for bit := range 8 {
				changed := bytes.Clone(raw)
				changed[i] ^= 1 << bit
				refused(issued.AccessKeyID, base64.RawURLEncoding.EncodeToString(changed), fmt.Sprintf("bit %d of byte %d", bit, i))
			}
			refused(issued.AccessKeyID, base64.RawURLEncoding.EncodeToString(slices.Insert(bytes.Clone(raw), i, 0)), fmt.Sprintf("a byte before %d", i))
			refused(issued.AccessKeyID, base64.RawURLEncoding.EncodeToString(slices.Delete(bytes.Clone(raw), i, i+1)), fmt.Sprintf("without byte %d", i))
		}
		for i := range len(issued.Token) {
			refused(issued.AccessKeyID, issued.Token[:i], fmt.Sprintf("the first %d characters", i))
			refused(issued.AccessKeyID, issued.Token[i+1:], fmt.Sprintf("from character %d", i+1))
		}
		for i := range len(issued.Token) + 1 {
			for _, insert := range []string{"\n", "\r", "\r\n", "=", " ", "%", "A", "\x00"} {
				refused(issued.AccessKeyID, issued.Token[:i]+insert+issued.Token[i:], fmt.Sprintf("%q at %d", insert, i))
			}
		}
		for i := range len(issued.AccessKeyID) {
			for _, c := range "A2Za\n" {
				if other := issued.AccessKeyID[:i] + string(c) + issued.AccessKeyID[i+1:]; other != issued.AccessKeyID {
					refused(other, issued.Token, "access key id "+other)
				}
			}
		}
		refused(issued.AccessKeyID, issued.Token+strings.Repeat("A", maxToken), "a long tail")
		refused("AKIA"+issued.AccessKeyID[4:], issued.Token, "a long-term key's prefix")
		t.Logf("%s: %d tried", name, tried)
	}
}

// The last character of a token may hold bits that belong to no byte; only one value of them is the token.
func TestTokenHasOneSpelling(t *testing.T) {
	k := testRing(t)
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for length := range 6 {
		s := session()
		s.SessionName = strings.Repeat("s", 2+length)
		issued := issue(t, k, s)
		opened := 0
		for _, c := range alphabet {
			if _, _, err := k.Open(issued.AccessKeyID, issued.Token[:len(issued.Token)-1]+string(c), start); err == nil {
				opened++
			}
		}
		if opened != 1 {
			t.Errorf("length %d: %d spellings open", len(issued.Token), opened)
		}
		std := strings.NewReplacer("-", "+", "_", "/").Replace(issued.Token)
		if _, _, err := k.Open(issued.AccessKeyID, std, start); std != issued.Token && err == nil {
			t.Error("the other base64 alphabet opens")
		}
	}
}

// Even what this installation has sealed is refused where it is not a token of
// this format: of another account than its access key id, of another version,
// with unknown flags, too long.
func TestSealedButNoToken(t *testing.T) {
	k := testRing(t)
	id := newKeyID(k.ring.Load().current, dayOf(start))
	e, _ := k.ring.Load().epoch(id, start)
	open := func(account string, version, flags byte, s principal.Session) error {
		akid := NewAccessKeyID("ASIA", account)
		header := append([]byte{version, flags}, id[:]...)
		nonce := newNonce()
		data := must(encoding.Marshal(claimsOf(&s)))
		if flags&flagDeflated != 0 {
			data = deflate(data)
		}
		sealed := e.seal.seal(append(bytes.Clone(header), nonce...), nonce, data, tokenAD(header, akid))
		_, _, err := k.Open(akid, tokenEncoding.EncodeToString(sealed), start)
		return err
	}
	long := session()
	long.SessionPolicy = randomText(4000)
	for _, c := range []struct {
		name           string
		account        string
		version, flags byte
		s              principal.Session
		ok             bool
	}{
		{"good", "111122223333", 1, 0, session(), true},
		{"good, deflated", "111122223333", 1, flagDeflated, session(), true},
		{"another account", "999999999999", 1, 0, session(), false},
		{"another version", "111122223333", 2, 0, session(), false},
		{"unknown flag", "111122223333", 1, 2, session(), false},
		{"too long", "111122223333", 1, 0, long, false},
	} {
		if err := open(c.account, c.version, c.flags, c.s); c.ok && err != nil || !c.ok && !awserr.Is(err, awserr.InvalidClientTokenID) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Git user names carry the token through proxies that cut long lines, so its size is a promise.
func TestSizes(t *testing.T) {
	k := testRing(t)
	user := principal.Session{Kind: principal.User, Account: "111122223333", ID: "AIDAQ5TZ2XK7W3HJ6YB4M", Name: "alice", Path: "/"}
	role := principal.Session{Kind: principal.AssumedRole, Account: "111122223333", ID: "AROAQ5TZ2XK7W3HJ6YB4M", Name: "CodeCommitPowerUser", Path: "/", SessionName: "alice.example"}
	web := role
	web.Provider = "arn:aws:iam::111122223333:oidc-provider/login.example.com"
	web.Claims = map[string][]string{"login.example.com:sub": {"248289761001"}, "login.example.com:aud": {"sojourn"}}
	tagged := web
	tagged.Tags = map[string]string{"team": "platform", "project": "sojourn", "cost-center": "4711"}
	policy := role
	policy.SessionPolicy = strings.Repeat(`{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"arn:aws:codecommit:us-east-1:111122223333:MyDemoRepo"},`, 4)
	tags := role
	tags.Tags = randomTags(50, 10, 30)
	for _, c := range []struct {
		name string
		s    principal.Session
		most int
	}{
		{"GetSessionToken", user, 160}, {"AssumeRole", role, 200}, {"web identity", web, 300}, {"web identity, 3 tags", tagged, 360},
		{"policy of 470 bytes", policy, 340}, {"50 random tags", tags, 2400},
	} {
		c.s.Expires = start.Add(time.Hour)
		issued := issue(t, k, c.s)
		t.Logf("%-22s %4d characters, %d %%", c.name, len(issued.Token), issued.PackedPercent)
		if len(issued.Token) > c.most {
			t.Errorf("%s: %d characters, at most %d promised", c.name, len(issued.Token), c.most)
		}
		if want := (len(issued.Token)*100 + 4095) / 4096; issued.PackedPercent != want || want < 1 || want > 100 {
			t.Errorf("%s: %d %%, want %d", c.name, issued.PackedPercent, want)
		}
	}
}

func TestPackedPolicyTooLarge(t *testing.T) {
	s := session()
	s.Tags = randomTags(50, 128, 256)
	_, err := testRing(t).Issue(s, start)
	e := awserr.From(err)
	var percent int
	n, _ := fmt.Sscanf(e.Message, "Packed policy consumes %d%% of allotted space, please use smaller policy.", &percent)
	if e.Code != "PackedPolicyTooLarge" || e.Status != 400 || n != 1 || percent <= 100 {
		t.Errorf("error %v", err)
	}
}

func randomTags(n, key, value int) map[string]string {
	tags := map[string]string{}
	for len(tags) < n {
		tags[randomText(key)] = randomText(value)
	}
	return tags
}

func randomText(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(rand.Text())
	}
	return b.String()[:n]
}

func BenchmarkIssue(b *testing.B) {
	k, s := testRing(b), session()
	for b.Loop() {
		if _, err := k.Issue(s, start); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	k := testRing(b)
	deflated := session()
	plain := principal.Session{Kind: principal.AssumedRole, Account: "111122223333", ID: NewID("AROA"), Name: "Deploy", Path: "/", SessionName: "alice", Expires: start.Add(time.Hour)}
	for name, s := range map[string]principal.Session{"plain": plain, "deflated": deflated} {
		issued := issue(b, k, s)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := k.Open(issued.AccessKeyID, issued.Token, start); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
