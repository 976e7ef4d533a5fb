package directory

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// refusesAt is an attack that must end with a reason.
func refusesAt(name, password, reason string, change ...func(*world)) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		for _, f := range change {
			f(w)
		}
		if p, got := w.signIn(name, password); p != nil || !strings.Contains(got, reason) {
			t.Errorf("%q: %v, %q; want %q", name, p, got, reason)
		}
	}
}

// unheard is a refusal of which the directory hears nothing.
func unheard(name, password, reason string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		refusesAt(name, password, reason)(t, w)
		if w.conns != 0 {
			t.Errorf("%d connections to the directory", w.conns)
		}
	}
}

// found makes searches for a user answer a.
func finds(a answer) func(*world) {
	return func(w *world) { w.search = func(string, string) answer { return a } }
}

// account is an account that a directory takes the password of, though it may not be used.
func account(reason string, change ...func(*entry)) func(*testing.T, *world) {
	return refusesAt("alice", rightPassword, reason, finds(answer{entries: []entry{alice(change...)}}))
}

// policy is a bind that a directory takes, with a word of its password policy.
func policy(reason string, word ...byte) func(*testing.T, *world) {
	return refusesAt("alice", rightPassword, reason, func(w *world) {
		w.bind = func(string, string) answer { return answer{policy: append([]byte{0x30, byte(len(word))}, word...)} }
	})
}

const notAName = "the name is not one"

// attacks is the corpus: each is refused, and gets through without the check that it is about.
var attacks = []struct {
	name string
	run  func(*testing.T, *world)
}{
	// Names and passwords that never reach the directory.
	{"a name that is a wildcard", unheard("*", rightPassword, "characters")},
	{"a name that closes the filter", unheard("alice)(uid=*", rightPassword, "characters")},
	{"a name that opens another filter", unheard("alice)(|(uid=*))", rightPassword, "characters")},
	{"a name that is a DN", unheard("uid=alice,dc=example,dc=org", rightPassword, "characters")},
	{"a name with a NUL", unheard("alice\x00", rightPassword, "characters")},
	{"a name with a line end", unheard("alice\n", rightPassword, "characters")},
	{"a name with a character of no width", unheard("al\u200bice", rightPassword, "characters")},
	{"a name written from right to left", unheard("\u202eecila", rightPassword, "characters")},
	{"a name that is no UTF-8", unheard("alice\xff", rightPassword, notAName)},
	{"no name", unheard("", rightPassword, notAName)},
	{"a name of spaces", unheard(" \u00a0 ", rightPassword, notAName)},
	{"a name without end", unheard(strings.Repeat("a", 257), rightPassword, notAName)},
	{"no password", unheard("alice", "", "empty")},
	{"a password of one NUL", unheard("alice", "\x00", "NUL")},
	{"a password with a NUL in it", unheard("alice", rightPassword+"\x00x", "NUL")},
	{"a password without end", unheard("alice", strings.Repeat("x", 1025), "too long")},
	{"a name with an escape of filters", func(t *testing.T, w *world) {
		refusesAt(`al\69ce`, rightPassword, "no such user")(t, w)
		if !strings.Contains(w.searches[0], `(uid=al\5c69ce)`) {
			t.Errorf("searched for %s", w.searches[0])
		}
	}},

	// Answers about the user that are not one person.
	{"nobody", refusesAt("mallory", rightPassword, "no such user")},
	{"two entries", refusesAt("alice", rightPassword, "more than one", finds(answer{entries: []entry{alice(), {"uid=alice,ou=b,dc=example,dc=org", alice().attrs}}}))},
	{"more entries than asked for", refusesAt("alice", rightPassword, "more than one", finds(answer{entries: []entry{alice()}, code: ldap.LDAPResultSizeLimitExceeded}))},
	{"an entry without a DN", refusesAt("alice", rightPassword, "empty DN", finds(answer{entries: []entry{{"", alice().attrs}}}),
		func(w *world) { w.bind = func(string, string) answer { return answer{} } })},
	{"an entry from elsewhere", refusesAt("alice", rightPassword, "not below", finds(answer{entries: []entry{{"uid=alice,dc=evil,dc=org", alice().attrs}}}),
		func(w *world) { w.bind = func(string, string) answer { return answer{} } })},
	{"an entry whose DN ends like the base", refusesAt("alice", rightPassword, "not below", finds(answer{entries: []entry{{"uid=alice,xdc=example,dc=org", alice().attrs}}}),
		func(w *world) { w.bind = func(string, string) answer { return answer{} } })},
	{"an entry without an id", account("0 values of entryUUID", with("entryUUID"))},
	{"an entry with two ids", account("2 values of entryUUID", with("entryUUID", aliceID, "00000000-0000-4000-8000-000000000002"))},
	{"an id that is another person's key", account("is no id", with("entryUUID", "x/../"+aliceID))},
	{"an entry with two names", account("2 values of uid", with("uid", "alice", "root"))},

	// Accounts that the directory would let in.
	{"a disabled account", account("disabled", with("userAccountControl", "514"))},
	{"a disabled account of 389", account("disabled", with("nsAccountLock", "TRUE"))},
	{"a locked account", account("locked", with("msDS-User-Account-Control-Computed", "16"))},
	{"an account that is locked for good", account("locked", with("pwdAccountLockedTime", "000001010000Z"))},
	{"an account that has expired", account("account has expired", with("accountExpires", "132223104000000000"))},
	{"a shadow account that has expired", account("account has expired", with("shadowExpire", "20000"))},
	{"a password that must be changed", account("must be changed", with("pwdLastSet", "0"), with("userAccountControl", "512"))},
	{"a password that was reset", account("must be changed", with("pwdReset", "TRUE"))},
	{"a password that has expired", account("password has expired", with("msDS-User-Account-Control-Computed", "8388608"))},
	{"a policy that wants a change", policy("must be changed", 0x81, 1, 2)},
	{"a policy with sign-ins of grace", policy("has expired", 0xa0, 3, 0x81, 1, 3)},
	{"a policy that counts the last sign-in of grace", policy("has expired", 0xa0, 3, 0x81, 1, 0)},
	{"a policy that calls the password expired", policy("has expired", 0x81, 1, 0)},
	{"a policy that calls the account locked", policy("locked", 0x81, 1, 1)},

	// Referrals.
	{"a search that is referred", func(t *testing.T, w *world) {
		other := newStandIn(t)
		refusesAt("alice", rightPassword, "Referral", finds(answer{code: ldap.LDAPResultReferral, text: "ldaps://" + other.addr}))(t, w)
		if other.conns != 0 {
			t.Error("the referral was followed")
		}
	}},
	{"a reference among the entries", func(t *testing.T, w *world) {
		other := newStandIn(t)
		refusesAt("alice", rightPassword, "no such user", finds(answer{refs: []string{"ldaps://" + other.addr + "/dc=example,dc=org"}}))(t, w)
		if other.conns != 0 {
			t.Error("the reference was followed")
		}
	}},
	{"a bind that is referred", func(t *testing.T, w *world) {
		other := newStandIn(t)
		refusesAt("alice", rightPassword, "Referral", func(w *world) {
			w.bind = func(string, string) answer {
				return answer{code: ldap.LDAPResultReferral, text: "ldaps://" + other.addr}
			}
		})(t, w)
		if other.conns != 0 {
			t.Error("the referral was followed")
		}
	}},

	// The connection.
	{"another authority", func(t *testing.T, w *world) { w.impostor(newStandIn(t), "certificate signed by unknown authority") }},
	{"another authority behind StartTLS", func(t *testing.T, w *world) {
		s := newStandIn(t)
		w.d.URLs = []string{"ldap://" + s.addr}
		w.impostorAt(s, "certificate signed by unknown authority")
	}},
	{"another name", func(t *testing.T, w *world) {
		s := newStandIn(t, "ldap.example.org")
		w.d.Authorities = s.pem
		w.impostor(s, "doesn't contain any IP SANs")
	}},
	{"an authority of the system where the directory has its own", func(t *testing.T, w *world) {
		w.d.Authorities = newStandIn(t).pem
		refusesAt("alice", rightPassword, "certificate signed by unknown authority")(t, w)
	}},
	{"TLS 1.1", func(t *testing.T, w *world) {
		w.versions = 0x0302
		refusesAt("alice", rightPassword, "protocol version")(t, w)
	}},
	{"StartTLS that is refused", func(t *testing.T, w *world) {
		w.stripped(message(1, ldap.ApplicationExtendedResponse, 52, "unavailable").Bytes(), "refuses it with code 52")
	}},
	{"StartTLS that is answered for another request", func(t *testing.T, w *world) {
		w.stripped(message(7, ldap.ApplicationExtendedResponse, 0, "").Bytes(), "another request's")
	}},
	{"StartTLS that is answered as a bind", func(t *testing.T, w *world) {
		w.stripped(message(1, ldap.ApplicationBindResponse, 0, "").Bytes(), "another request's")
	}},
	{"an answer put in behind that to StartTLS", func(t *testing.T, w *world) {
		w.stripped(append(message(1, ldap.ApplicationExtendedResponse, 0, "").Bytes(), message(1, ldap.ApplicationBindResponse, 0, "").Bytes()...), "tls:")
	}},
	{"an address that may not be dialled", func(t *testing.T, w *world) {
		w.v.o.Dialer = outbound.Dialer(nil)
		unheard("alice", rightPassword, "not a public one")(t, w)
	}},
	{"an answer that does not end", func(t *testing.T, w *world) {
		w.search = func(string, string) answer {
			return answer{entries: []entry{alice(with("description", strings.Repeat("x", maxTraffic)))}}
		}
		refusesAt("alice", rightPassword, "IDPCommunicationError")(t, w)
	}},
	{"a message that is too long", refusesAt("alice", rightPassword, "IDPCommunicationError", finds(answer{entries: []entry{alice(with("description", strings.Repeat("x", maxMessage)))}}))},
	{"an answer of more elements than anybody's", func(t *testing.T, w *world) {
		full := alice(with("description", make([]string, 30_000)...))
		w.groups(func(string) []string { return nil })
		search := w.search
		w.search = func(base, filter string) answer {
			if a := search(base, filter); len(a.entries) > 0 {
				return a
			}
			return answer{entries: []entry{full, full, full, full, full}}
		}
		refusesAt("alice", rightPassword, "IDPCommunicationError")(t, w)
	}},
	{"an answer that nests without end", func(t *testing.T, w *world) {
		finds(answer{raw: bytes.Repeat([]byte{0x30, 0x80}, 100_000)})(w)
		refusesAt("alice", rightPassword, "IDPCommunicationError")(t, w)
	}},
	{"a server that does not answer", func(t *testing.T, w *world) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w.v.o.Timeout = 50 * time.Millisecond
		w.d.URLs = []string{"ldaps://" + l.Addr().String()}
		begin := time.Now()
		refusesAt("alice", rightPassword, "IDPCommunicationError")(t, w)
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("it took %s", took)
		}
	}},

	// Groups.
	{"a DN that opens the filter of groups", func(t *testing.T, w *world) {
		w.search = func(_, filter string) answer {
			if strings.Contains(filter, "objectClass=person") {
				return answer{entries: []entry{{`uid=a)(cn=*,dc=example,dc=org`, alice().attrs}}}
			}
			if !strings.Contains(filter, `(member=uid=a\29\28cn=\2a,dc=example,dc=org)`) {
				t.Errorf("searched for %s", filter)
			}
			return answer{}
		}
		w.bind = func(string, string) answer { return answer{} }
		w.signIn("alice", rightPassword)
	}},
	{"groups without end", refusesAt("alice", rightPassword, "more than 500 groups", func(w *world) { w.groups(func(string) (all []string) { return many(maxGroups + 1) }) })},
	{"groups that a server cuts off", refusesAt("alice", rightPassword, "more than 500 groups", func(w *world) {
		w.search = func(_, filter string) answer {
			if strings.Contains(filter, "objectClass=person") {
				return answer{entries: []entry{alice()}}
			}
			return answer{entries: []entry{{dn: "cn=a,dc=example,dc=org"}}, code: ldap.LDAPResultSizeLimitExceeded}
		}
	})},
	{"groups in groups without end", func(t *testing.T, w *world) {
		n := 0
		refusesAt("alice", rightPassword, "deeper than 16", func(w *world) {
			w.groups(func(string) []string { n++; return []string{fmt.Sprintf("cn=g%d,dc=example,dc=org", n)} })
		})(t, w)
		if n > maxDepth {
			t.Errorf("%d levels were asked for", n)
		}
	}},
	{"a circle of groups", func(t *testing.T, w *world) {
		next := map[string]string{aliceDN: "cn=A,dc=example,dc=org", "cn=A,dc": "CN=b,dc=example,dc=org", "CN=b,dc": "cn=a, DC=example,dc=org"}
		w.groups(func(filter string) []string {
			for of, g := range next {
				if strings.Contains(filter, "(member="+of) {
					return []string{g}
				}
			}
			return nil
		})
		p, reason := w.signIn("alice", rightPassword)
		if p == nil || strings.Join(p.Groups, " ") != "cn=a,dc=example,dc=org cn=b,dc=example,dc=org" || len(w.searches) > 4 {
			t.Errorf("%+v, %q, %d searches", p, reason, len(w.searches))
		}
	}},

	// Guessing.
	{"a wrong password that is tried at each server", func(t *testing.T, w *world) {
		other := newStandIn(t)
		other.cert, other.ca = w.cert, w.ca
		w.d.URLs = append(w.d.URLs, "ldaps://"+other.addr)
		refusesAt("alice", "wrong", wrongPassword)(t, w)
		if other.conns != 0 {
			t.Error("the second server was asked as well")
		}
	}},
	{"telling from the binds who is there", func(t *testing.T, w *world) {
		w.signIn("alice", "wrong")
		w.signIn("mallory", "wrong")
		if len(w.binds) != 2 || w.binds[1] == w.binds[0] || len(w.searches) != 2 {
			t.Errorf("binds %q, searches %q", w.binds, w.searches)
		}
	}},
	{"telling from the delay who is there", func(t *testing.T, w *world) {
		w.byManyNames()
		told := map[string][]string{}
		for _, who := range []string{"alice", "mallory"} {
			for _, name := range []string{who, who + "@example.org", `EX\` + who, who, strings.ToUpper(who)} {
				for range 6 {
					_, err := w.v.SignIn(t.Context(), w.d, name, secret.New("wrong"), netip.Addr{})
					e := awserr.From(err)
					told[who] = append(told[who], e.Code+": "+e.Message)
				}
			}
		}
		if !slices.Equal(told["alice"], told["mallory"]) {
			t.Errorf("of somebody is told %q\nof nobody %q", told["alice"], told["mallory"])
		}
	}},
	{"more guesses by other names", func(t *testing.T, w *world) {
		w.byManyNames()
		for range 5 {
			w.signIn("alice", "wrong")
		}
		w.binds = nil
		refusesAt("alice@example.org", rightPassword, "by other names")(t, w)
		if slices.Contains(w.binds, aliceDN) || len(w.binds) != 1 {
			t.Errorf("bound %q", w.binds)
		}
		for range 4 {
			refusesAt("alice@example.org", rightPassword, "by other names")(t, w)
		}
		refusesAt("alice@example.org", rightPassword, "too soon")(t, w)
	}},
	{"telling from the time who is there", func(t *testing.T, w *world) {
		for _, late := range []time.Duration{3, 120, 249, 251, 499} { // what the directory took, in milliseconds
			begin := w.time
			w.bind = func(string, string) answer {
				w.time = begin.Add(late * time.Millisecond)
				return answer{code: ldap.LDAPResultInvalidCredentials}
			}
			w.held = nil
			w.signIn("mallory", "wrong")
			if end := w.time.Sub(begin) + w.held[0]; end%beat != 0 || end < late*time.Millisecond {
				t.Errorf("answered after %s where the directory took %dms", end, late)
			}
			w.time = begin.Add(time.Hour)
		}
	}},
	{"a password sealed for another directory", func(t *testing.T, w *world) {
		w.d.BindPassword = w.keys.SealSecret(PasswordLabel, "d-9999999999", []byte(bindPassword))
		refusesAt("alice", rightPassword, "InternalFailure")(t, w)
		if w.conns != 0 {
			t.Error("it was sent")
		}
	}},
}

// impostor is another server in the directory's place: nothing may be said to it.
func (w *world) impostor(s *standIn, reason string) {
	w.t.Helper()
	w.d.URLs = []string{"ldaps://" + s.addr}
	w.impostorAt(s, reason)
}

func (w *world) impostorAt(s *standIn, reason string) {
	w.t.Helper()
	if p, got := w.signIn("alice", rightPassword); p != nil || !strings.Contains(got, reason) {
		w.t.Errorf("%v, %q; want %q", p, got, reason)
	}
	if len(s.binds)+len(s.searches)+len(s.plain) != 0 {
		w.t.Errorf("it heard binds %q, searches %q, without TLS %q", s.binds, s.searches, s.plain)
	}
}

// stripped is a server, or somebody before it, that keeps TLS from beginning.
func (w *world) stripped(answer []byte, reason string) {
	w.t.Helper()
	w.startTLS = answer
	w.d.URLs = []string{"ldap://" + w.addr}
	w.impostorAt(w.standIn, reason)
}

// groups makes searches for groups answer what f returns.
func (w *world) groups(f func(filter string) []string) {
	w.search = func(_, filter string) answer {
		if strings.Contains(filter, "objectClass=person") {
			return answer{entries: []entry{alice()}}
		}
		a := answer{}
		for _, dn := range f(filter) {
			a.entries = append(a.entries, entry{dn: dn})
		}
		return a
	}
}

// byManyNames has alice found by other names too, and nobody else by any.
func (w *world) byManyNames() {
	w.search = func(_, filter string) answer {
		for _, name := range []string{"(uid=alice)", "(uid=ALICE)", "(uid=alice@example.org)", `(uid=EX\5calice)`} {
			if strings.Contains(filter, name) {
				return answer{entries: []entry{alice()}}
			}
		}
		return answer{}
	}
}

func many(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("cn=g%d,dc=example,dc=org", i))
	}
	return all
}

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t, newWorld(t, newStandIn(t)))
		})
	}
	t.Logf("%d attacks", len(attacks))
}

// The stand-in lets alice in when nothing is wrong: each attack is refused for its own reason.
func TestSignIn(t *testing.T) {
	for _, scheme := range []string{"ldaps://", "ldap://"} {
		w := newWorld(t, newStandIn(t))
		w.d.URLs = []string{scheme + w.addr}
		p, reason := w.signIn("alice", rightPassword)
		if p == nil || p.Key() != "d-0123456789/"+aliceID || p.UserName != "alice" || p.DN != aliceDN || len(p.Groups) != 0 {
			t.Errorf("%s: %+v, %q", scheme, p, reason)
		}
		if len(w.plain) != 0 {
			t.Errorf("%s: without TLS were sent %q", scheme, w.plain)
		}
	}
}
