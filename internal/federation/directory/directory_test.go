package directory

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

// elevenSpellings are ways to write one name that directories take for the same.
var elevenSpellings = []string{"alice", "ALICE", "Alice", "aLiCe", " alice", "alice ", "  alice  ", "\uff41lice", "alice\u00a0", "\uff21\uff2c\uff29\uff23\uff25", "\u2000alice"}

// anySpelling has the stand-in compare names as directories do.
func (w *world) anySpelling() {
	w.search = func(_, filter string) answer {
		_, name, _ := strings.Cut(filter, "(uid=")
		name, _, _ = strings.Cut(name, ")")
		if !strings.Contains(filter, "objectClass=person") || !strings.Contains("alice", strings.ToLower(strings.TrimSpace(unescaped(name)))) {
			if fold(unescaped(name)) != "alice" {
				return answer{}
			}
		}
		return answer{entries: []entry{alice()}}
	}
}

// unescaped takes RFC 4515's escapes off.
func unescaped(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+2 < len(s) {
			b = append(b, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func hexValue(c byte) byte { return byte(strings.IndexByte("0123456789abcdef", c)) }

func TestElevenSpellingsAreOnePersonWithOneThrottle(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	w.anySpelling()
	for _, name := range elevenSpellings {
		if p, reason := w.signIn(name, rightPassword); p == nil || p.Key() != "d-0123456789/"+aliceID || p.UserName != "alice" {
			t.Errorf("%q is %+v, %q", name, p, reason)
		}
	}
	tried := 0
	for i := range 55 {
		if _, reason := w.signIn(elevenSpellings[i%11], "wrong"); reason == wrongPassword {
			tried++
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses, want 5", tried)
	}
	before := len(w.searches)
	for _, name := range elevenSpellings {
		if _, reason := w.signIn(name, "wrong"); reason != "too soon" {
			t.Errorf("%q: %q", name, reason)
		}
	}
	if len(w.searches) != before {
		t.Errorf("guesses that have to wait made %d searches", len(w.searches)-before)
	}
	w.search = func(string, string) answer {
		return answer{entries: []entry{{"uid=bob,dc=example,dc=org", map[string][]string{"uid": {"bob"}, "entryUUID": {"00000000-0000-4000-8000-00000000000b"}}}}}
	}
	if _, reason := w.signIn("bob", "wrong"); reason != wrongPassword {
		t.Errorf("another one is told %q", reason)
	}
}

// Names that nobody has are slowed down as well, so that a delay tells nothing.
func TestSpellingsOfNobodyAreOne(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	w.search = func(string, string) answer { return answer{} }
	tried := 0
	for i := range 55 {
		if _, reason := w.signIn(elevenSpellings[i%11], "wrong"); reason == "there is no such user" {
			tried++
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses, want 5", tried)
	}
}

// A guess whose outcome is not known is neither a failure nor a success.
func TestAnOutageCostsNobody(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	for range 3 {
		w.signIn("alice", "wrong")
	}
	w.bind = func(string, string) answer { return answer{raw: []byte{0x30, 0}} }
	w.v.o.Timeout = 100 * time.Millisecond
	if _, reason := w.signIn("alice", rightPassword); !strings.Contains(reason, "IDPCommunicationError") {
		t.Fatal(reason)
	}
	if n := w.throttle.failures[aliceID]; n != 3 {
		t.Errorf("%d failures, want 3", n)
	}
}

func TestFailOver(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	down := newStandIn(t)
	down.startTLS = []byte{0x30, 0}
	good := w.d.URLs[0]
	w.d.URLs = []string{"ldap://" + down.addr, good}
	for range 3 {
		if p, reason := w.signIn("alice", rightPassword); p == nil {
			t.Fatal(reason)
		}
	}
	if down.conns != 1 {
		t.Errorf("the server that is down was asked %d times within half a minute, want once", down.conns)
	}
	w.time = w.time.Add(lateFor)
	w.signIn("alice", rightPassword)
	if down.conns != 2 {
		t.Errorf("the server that was down was asked %d times, want once more", down.conns)
	}
	w.d.URLs = w.d.URLs[:1]
	_, err := w.v.SignIn(t.Context(), w.d, "alice", secret.New(rightPassword), netip.Addr{})
	if e := awserr.From(err); e.Code != "IDPCommunicationError" || strings.Contains(e.Message, down.addr) {
		t.Errorf("with all servers down: %v", err)
	}
}

// Whoever goes away while a server answers does not make it one that gives no answer.
func TestAttackServersMadeLate(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	other := newStandIn(t)
	other.cert, other.ca = w.cert, w.ca
	w.d.URLs = append(w.d.URLs, "ldaps://"+other.addr)
	ctx, leave := context.WithCancel(t.Context())
	bind := w.bind
	w.bind = func(dn, password string) answer {
		leave()
		return answer{raw: []byte{0x30, 0}}
	}
	if _, err := w.v.SignIn(ctx, w.d, "alice", secret.New("x"), netip.Addr{}); err == nil {
		t.Fatal("signed in")
	}
	w.mu.Lock()
	w.bind = bind
	w.mu.Unlock()
	if p, reason := w.signIn("alice", rightPassword); p == nil || other.conns != 0 {
		t.Errorf("%+v, %q, %d connections to the second server", p, reason, other.conns)
	}
}

// More sign-ins than a directory has places for wait with their client.
func TestADirectoryIsNotHammered(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	hold, entered := make(chan struct{}), make(chan struct{}, maxBusy)
	w.throttle = nil
	w.v.o.Throttle = nil
	var all sync.WaitGroup
	for range maxBusy {
		leave, err := w.v.enter(w.d.ID)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			entered <- struct{}{}
			<-hold
			leave()
		})
	}
	for range maxBusy {
		<-entered
	}
	_, err := w.v.SignIn(t.Context(), w.d, "alice", secret.New(rightPassword), netip.Addr{})
	if !awserr.Is(err, awserr.Throttling) || w.conns != 0 {
		t.Errorf("%v, %d connections", err, w.conns)
	}
	other := w.d
	other.ID = "d-0000000000"
	other.BindPassword = w.keys.SealSecret(PasswordLabel, other.ID, []byte(bindPassword))
	if _, err := w.v.SignIn(t.Context(), other, "alice", secret.New(rightPassword), netip.Addr{}); err != nil {
		t.Errorf("another directory: %v", err)
	}
	close(hold)
	all.Wait()
	if _, err := w.v.SignIn(t.Context(), w.d, "alice", secret.New(rightPassword), netip.Addr{}); err != nil {
		t.Error(err)
	}
}

func TestNestedGroups(t *testing.T) {
	members := map[string][]string{"cn=developers": {aliceDN}, "cn=engineering": {"cn=developers,dc=example,dc=org"}, "cn=staff": {"cn=engineering,dc=example,dc=org"}}
	search := func(filter string) (all []string) {
		for g, of := range members {
			if slices.ContainsFunc(of, func(m string) bool { return strings.Contains(filter, "(member="+m+")") }) {
				all = append(all, g+",dc=example,dc=org")
			}
		}
		return all
	}
	for nesting, want := range map[string]string{Walk: "developers engineering staff", None: "developers"} {
		w := newWorld(t, newStandIn(t))
		w.groups(search)
		w.d.GroupNesting = nesting
		p, reason := w.signIn("alice", rightPassword)
		if p == nil || strings.NewReplacer("cn=", "", ",dc=example,dc=org", "").Replace(strings.Join(p.Groups, " ")) != want {
			t.Errorf("%s: %+v, %q", nesting, p, reason)
		}
	}
}

func TestFindTellsWhyThereIsNobody(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	f, err := w.v.Find(t.Context(), w.d, "alice")
	if err != nil || f.Key() != "d-0123456789/"+aliceID || f.State != "" || len(w.binds) != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	finds(answer{entries: []entry{alice(with("nsAccountLock", "true"))}})(w)
	if f, err := w.v.Find(t.Context(), w.d, "alice"); err != nil || f.State != "the account is disabled" {
		t.Errorf("%+v, %v", f, err)
	}
	for name, want := range map[string]string{"*": "the name has characters that names may not have", "mallory": "there is no such user"} {
		finds(answer{})(w)
		_, err := w.v.Find(t.Context(), w.d, name)
		if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTestAsksEachServer(t *testing.T) {
	w := newWorld(t, newStandIn(t))
	stranger := newStandIn(t)
	w.d.URLs = append(w.d.URLs, "ldaps://"+stranger.addr)
	answers, err := w.v.Test(t.Context(), w.d)
	if err != nil || len(answers) != 2 || answers[0].Err != nil || answers[1].Err == nil || !strings.Contains(answers[1].Err.Error(), "unknown authority") {
		t.Errorf("%+v, %v", answers, err)
	}
}

func TestNormalise(t *testing.T) {
	for dn, want := range map[string]string{
		"CN=Developers,CN=Users,DC=AD,DC=Example,DC=Org": "cn=developers,cn=users,dc=ad,dc=example,dc=org",
		"cn = Developers , dc=example":                   "cn=developers,dc=example",
		"cn=De  velopers,dc=example":                     "cn=de velopers,dc=example",
		`cn=a\2cb,dc=example`:                            `cn=a\,b,dc=example`,
		`CN=Stra\C3\9Fe+UID=x,dc=e`:                      "", // set below
		"uid=x+cn=a,dc=e":                                "cn=a+uid=x,dc=e",
		"cn=e\u0301,dc=e":                                "cn=\u00e9,dc=e",
		"":                                               "error",
		" ":                                              "error",
		"no dn":                                          "error",
		"cn=x,":                                          "error",
		"cn=" + strings.Repeat("x", maxDN):               "error",
	} {
		got, err := Normalise(dn)
		if want == "error" {
			if err == nil {
				t.Errorf("%q is %q", dn, got)
			}
			continue
		}
		if err != nil || want != "" && got != want && !sameDN(got, want) {
			t.Errorf("%q is %q, %v; want %q", dn, got, err, want)
		}
		if again, err := Normalise(got); err != nil || again != got {
			t.Errorf("%q is %q, and that %q, %v", dn, got, again, err)
		}
	}
}

func sameDN(a, b string) bool {
	x, err := Normalise(a)
	y, err2 := Normalise(b)
	return err == nil && err2 == nil && x == y
}

func TestGUID(t *testing.T) {
	got, err := guid([]byte{0x8a, 0xf2, 0x54, 0x1b, 0x5d, 0xfd, 0x12, 0x42, 0xb6, 0x36, 0x28, 0x80, 0x92, 0x0b, 0xa8, 0x49})
	if err != nil || got != "1b54f28a-fd5d-4212-b636-2880920ba849" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := guid(make([]byte, 15)); err == nil {
		t.Error("15 bytes are a GUID")
	}
}

func TestSettings(t *testing.T) {
	good := store.Directory{Kind: ActiveDirectory, URLs: []string{"ldaps://dc1.example.com", "ldap://[2001:db8::1]:3890"}, BindDN: "CN=s,DC=e", BaseDN: "DC=e"}
	for what, change := range map[string]func(*store.Directory){
		"":                           func(*store.Directory) {},
		"kind":                       func(d *store.Directory) { d.Kind = "NIS" },
		"no URL":                     func(d *store.Directory) { d.URLs = nil },
		"only ldaps":                 func(d *store.Directory) { d.URLs = []string{"ldapi:///var/run/slapd"} },
		"only ldaps://":              func(d *store.Directory) { d.URLs = []string{"https://dc1.example.com"} },
		"nothing else":               func(d *store.Directory) { d.URLs = []string{"ldaps://u:p@dc1.example.com"} },
		"and nothing else":           func(d *store.Directory) { d.URLs = []string{"ldaps://dc1.example.com/dc=e"} },
		"a port and nothing else":    func(d *store.Directory) { d.URLs = []string{"ldaps://dc1.example.com?x"} },
		"port":                       func(d *store.Directory) { d.URLs = []string{"ldaps://dc1.example.com:0"} },
		"host":                       func(d *store.Directory) { d.URLs = []string{"ldaps://:636"} },
		"DN":                         func(d *store.Directory) { d.BaseDN = "example.com" },
		"an empty DN":                func(d *store.Directory) { d.BindDN = "" },
		"{username} is not in it":    func(d *store.Directory) { d.UserFilter = "(uid=alice)" },
		"may stand in braces":        func(d *store.Directory) { d.UserFilter = "(&(uid={username})(x={dn}))" },
		"filter":                     func(d *store.Directory) { d.UserFilter = "(uid={username}" },
		"{dn} is not in it":          func(d *store.Directory) { d.GroupFilter = "(member=x)" },
		"goes with a group filter":   func(d *store.Directory) { d.GroupNesting = Walk },
		"holds? no certificate|hold": func(d *store.Directory) { d.Authorities = "x" },
	} {
		d := good
		change(&d)
		err := Complete(&d)
		if (what == "") != (err == nil) {
			t.Errorf("%q: %v", what, err)
		}
		if what == "" && (d.UserNameAttribute != "sAMAccountName" || d.GroupBaseDN != "DC=e" || d.GroupNesting != Chain) {
			t.Errorf("completed to %+v", d)
		}
	}
}
