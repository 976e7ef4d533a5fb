package directory

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/store"
)

// FuzzName wants of every name that is taken that a filter with it is one, with
// the name as the value and nothing else.
func FuzzName(f *testing.F) {
	for _, name := range append([]string{"*", "a)(b", `\2a`, "al\u200bice", "o'neil", `ADEX\alice`}, elevenSpellings...) {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := checkName(name)
		if err != nil {
			return
		}
		if again, err := checkName(got); err != nil || again != got {
			t.Errorf("%q is taken as %q, and that as %q, %v", name, got, again, err)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`*()=,<>;"#`, r) }) {
			t.Errorf("%q is taken", got)
		}
		p, err := ldap.CompileFilter(fill("(&(objectClass=person)(uid={username}))", got, ""))
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if len(p.Children) != 2 || p.Children[1].Tag != ldap.FilterEqualityMatch || p.Children[1].Children[1].Value != got {
			t.Errorf("%q is another filter", got)
		}
	})
}

// FuzzNormalise wants one form of each DN, whose own form is the same, and which
// a filter takes whole.
func FuzzNormalise(f *testing.F) {
	for _, dn := range []string{aliceDN, `cn=a\,b+UID=c,dc=e`, "cn=#0403616263,dc=e", `cn=\00\20 ,dc=e`, "CN=\u0130,DC=e"} {
		f.Add(dn)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		got, err := Normalise(dn)
		if err != nil {
			return
		}
		again, err := Normalise(got)
		if err != nil && len(got) <= maxDN {
			t.Errorf("%q is %q, which is none: %v", dn, got, err)
		}
		if err == nil && again != got {
			t.Errorf("%q is %q, and that %q", dn, got, again)
		}
		p, err := ldap.CompileFilter(fill("(|(member={dn})(uniqueMember={dn}))", "", dn))
		if err != nil || len(p.Children) != 2 || p.Children[0].Children[1].Value != dn {
			t.Errorf("%q makes another filter: %v", dn, err)
		}
	})
}

// FuzzSettings wants of every directory that may be registered that its URL leads
// where it says, and that no name or DN makes its filters others.
func FuzzSettings(f *testing.F) {
	f.Add("ldaps://ldap.example.com", "(&(objectClass=person)(uid={username}))", "(member={dn})")
	f.Add("ldap://[2001:db8::1]:3890/", "(|(uid={username})(mail={username}))", "(&(cn={username})(member={dn}))")
	f.Add("ldaps://a@b:0?x", "(uid={username}{dn})", `(member=\2a{dn})`)
	f.Fuzz(func(t *testing.T, url, users, groups string) {
		d := store.Directory{Kind: OpenLDAP, URLs: []string{url}, BindDN: "cn=s,dc=e", BaseDN: "dc=e", UserFilter: users, GroupFilter: groups}
		if Complete(&d) != nil {
			return
		}
		s, err := parseURL(url)
		if err != nil || s.host == "" || strings.ContainsAny(s.host, "/@?#% ") || !strings.Contains(url, s.host) {
			t.Errorf("%q leads to %+v, %v", url, s, err)
		}
		plain, err := ldap.CompileFilter(fill(d.UserFilter, "x", ""))
		if err != nil {
			t.Fatalf("%q: %v", users, err)
		}
		hostile, err := ldap.CompileFilter(fill(d.UserFilter, "*)(|(uid=*\\\x00", ""))
		if err != nil || count(hostile) != count(plain) {
			t.Errorf("%q becomes another filter by a name: %v", users, err)
		}
		if _, err := ldap.CompileFilter(fill(d.GroupFilter, "*)(", "cn=*)(a,dc=e")); err != nil {
			t.Errorf("%q breaks by a DN: %v", groups, err)
		}
	})
}

// FuzzStartTLS wants that nothing but the right answer begins TLS.
func FuzzStartTLS(f *testing.F) {
	right := message(1, ldap.ApplicationExtendedResponse, 0, "").Bytes()
	f.Add(right)
	f.Add(message(1, ldap.ApplicationExtendedResponse, 52, "no").Bytes())
	f.Add([]byte{0x30, 0x80})
	f.Add([]byte("1\f\x02\x01\x01x\a\n\x01\x000\x000\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		if readStartTLS(r) == nil && (len(b) < 5 || b[0] != 0x30) {
			t.Errorf("%x is taken", b)
		}
	})
}

// FuzzEntry has a directory say anything of an entry: who it is, is one person
// below the base, or nobody.
func FuzzEntry(f *testing.F) {
	f.Add(aliceDN, []byte(aliceID), "alice", "512", "0")
	f.Add("uid=x,dc=evil,dc=org", []byte("x/y"), "", "514", "9223372036854775807")
	f.Fuzz(func(t *testing.T, dn string, id []byte, name, control, expires string) {
		for _, attribute := range []string{"entryUUID", "objectGUID"} {
			d := store.Directory{ID: "d-0123456789", BaseDN: "dc=example,dc=org", IdentityAttribute: attribute, UserNameAttribute: "uid"}
			e := ldap.NewEntry(dn, map[string][]string{"uid": {name}, "userAccountControl": {control}, "accountExpires": {expires}})
			e.Attributes = append(e.Attributes, &ldap.EntryAttribute{Name: attribute, ByteValues: [][]byte{id}, Values: []string{string(id)}})
			state(e, time.Unix(0, 0))
			p, err := personOf(d, e)
			if err != nil {
				continue
			}
			if strings.Count(p.Key(), "/") != 1 || !IsKey(p.Key()) || p.UserName == "" || !strings.HasSuffix(p.DN, "dc=example,dc=org") {
				t.Errorf("%q with %x is %+v", dn, id, p)
			}
		}
	})
}
