package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/directory/directorytest"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

const (
	rightPassword = "Al1ce-Secret!"
	bindPassword  = "S3rvice-Secret!"
	aliceDN       = "uid=alice,ou=people,dc=example,dc=org"
	aliceID       = "00000000-0000-4000-8000-000000000001"
)

// entry is what the stand-in has of somebody or of a group.
type entry struct {
	dn    string
	attrs map[string][]string
}

func alice(change ...func(*entry)) entry {
	e := entry{aliceDN, map[string][]string{"uid": {"alice"}, "entryUUID": {aliceID}}}
	for _, f := range change {
		f(&e)
	}
	return e
}

// with sets an attribute.
func with(name string, values ...string) func(*entry) {
	return func(e *entry) { e.attrs[name] = values }
}

// answer is what a search or a bind gets.
type answer struct {
	entries []entry
	refs    []string
	code    int64
	text    string
	policy  []byte // the word of a password policy
	raw     []byte // in place of all
}

// standIn is an LDAP server that answers as a test wants: as no real one would.
type standIn struct {
	t    *testing.T
	addr string
	cert tls.Certificate
	ca   *x509.CertPool
	pem  string

	startTLS []byte // the answer to StartTLS in place of the right one
	versions uint16 // the highest of TLS; 0 for all

	mu       sync.Mutex
	search   func(base, filter string) answer
	bind     func(dn, password string) answer
	binds    []string // DNs, without the service account's
	searches []string // filters
	plain    []string // requests without TLS that are not StartTLS
	conns    int
}

// newStandIn makes a server that knows alice and her password.
func newStandIn(t *testing.T, hosts ...string) *standIn {
	t.Helper()
	dir := t.TempDir()
	if len(hosts) == 0 {
		hosts = []string{"127.0.0.1"}
	}
	if err := directorytest.Certificates(dir, hosts...); err != nil {
		t.Fatal(err)
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{t: t, cert: cert, ca: x509.NewCertPool(), pem: string(ca)}
	s.ca.AppendCertsFromPEM(ca)
	s.search = func(_, filter string) answer {
		if strings.Contains(filter, "(uid=alice)") {
			return answer{entries: []entry{alice()}}
		}
		return answer{}
	}
	s.bind = func(dn, password string) answer {
		if dn == aliceDN && password == rightPassword {
			return answer{}
		}
		return answer{code: ldap.LDAPResultInvalidCredentials}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(c) })
		}
	})
	return s
}

// serve takes TLS from the first byte on where the client begins with it.
func (s *standIn) serve(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	s.conns++
	s.mu.Unlock()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	first := make([]byte, 1)
	if _, err := c.Read(first); err != nil {
		return
	}
	peeked := &unread{c, first}
	if first[0] == 0x16 {
		s.talk(s.secure(peeked), true)
		return
	}
	s.talk(peeked, false)
}

type unread struct {
	net.Conn
	first []byte
}

func (u *unread) Read(p []byte) (int, error) {
	if len(u.first) > 0 {
		n := copy(p, u.first)
		u.first = u.first[n:]
		return n, nil
	}
	return u.Conn.Read(p)
}

func (s *standIn) secure(c net.Conn) net.Conn {
	return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS10, MaxVersion: s.versions})
}

func (s *standIn) talk(c net.Conn, secured bool) {
	for {
		p, err := ber.ReadPacket(c)
		if err != nil || len(p.Children) < 2 {
			return
		}
		id, op := p.Children[0].Value.(int64), p.Children[1]
		if op.Tag == ldap.ApplicationExtendedRequest && !secured {
			if s.startTLS != nil {
				c.Write(s.startTLS)
			} else {
				c.Write(message(id, ldap.ApplicationExtendedResponse, 0, "").Bytes())
			}
			c, secured = s.secure(c), true
			continue
		}
		var out []byte
		s.mu.Lock()
		if !secured {
			s.plain = append(s.plain, fmt.Sprint(op.Tag))
		}
		switch op.Tag {
		case ldap.ApplicationBindRequest:
			out = s.answerBind(id, op)
		case ldap.ApplicationSearchRequest:
			out = s.answerSearch(id, op)
		}
		s.mu.Unlock()
		if out == nil {
			return
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

func (s *standIn) answerBind(id int64, op *ber.Packet) []byte {
	dn, password := op.Children[1].Value.(string), op.Children[2].Data.String()
	a := answer{}
	if dn != "cn=sojourn,dc=example,dc=org" || password != bindPassword {
		s.binds = append(s.binds, dn)
		a = s.bind(dn, password)
	}
	if a.raw != nil {
		return a.raw
	}
	m := message(id, ldap.ApplicationBindResponse, a.code, a.text)
	if a.policy != nil {
		c := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		c.AppendChild(octets(ldap.ControlTypeBeheraPasswordPolicy))
		c.AppendChild(octets(string(a.policy)))
		all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		all.AppendChild(c)
		m.AppendChild(all)
	}
	return m.Bytes()
}

func (s *standIn) answerSearch(id int64, op *ber.Packet) []byte {
	filter, err := ldap.DecompileFilter(op.Children[6])
	if err != nil {
		s.t.Error(err)
	}
	s.searches = append(s.searches, filter)
	a := s.search(op.Children[0].Value.(string), filter)
	if a.raw != nil {
		return a.raw
	}
	var out []byte
	for _, e := range a.entries {
		out = append(out, entryMessage(id, e)...)
	}
	for _, r := range a.refs {
		ref := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
		ref.AppendChild(octets(r))
		out = append(out, envelope(id, ref).Bytes()...)
	}
	return append(out, message(id, ldap.ApplicationSearchResultDone, a.code, a.text).Bytes()...)
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

func envelope(id int64, op *ber.Packet) *ber.Packet {
	m := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	return m
}

func message(id int64, tag ber.Tag, code int64, text string) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(text))
	return envelope(id, op)
}

func entryMessage(id int64, e entry) []byte {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(e.dn))
	all := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, values := range e.attrs {
		a := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		a.AppendChild(octets(name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		a.AppendChild(set)
		all.AppendChild(a)
	}
	op.AppendChild(all)
	return envelope(id, op).Bytes()
}

// world is a verifier at a stand-in.
type world struct {
	*standIn
	v    *Verifier
	keys *seal.Keyring
	d    store.Directory
	time time.Time

	held     []time.Duration // how long refusals were held back
	throttle *counter
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newWorld(t *testing.T, s *standIn, change ...func(*Options)) *world {
	t.Helper()
	keys, err := seal.CreateKeyring(filepath.Join(t.TempDir(), "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{standIn: s, keys: keys, time: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), throttle: &counter{failures: map[string]int{}}}
	w.d = store.Directory{Account: "111122223333", Region: "us-east-1", ID: "d-0123456789", Kind: OpenLDAP, URLs: []string{"ldaps://" + s.addr},
		BindDN: "cn=sojourn,dc=example,dc=org", BaseDN: "dc=example,dc=org"}
	w.d.BindPassword = keys.SealSecret(PasswordLabel, w.d.ID, []byte(bindPassword))
	if err := Complete(&w.d); err != nil {
		t.Fatal(err)
	}
	o := Options{Keys: keys, Dialer: outbound.Dialer(loopback), Roots: s.ca, Throttle: w.throttle, Now: func() time.Time { return w.time },
		Pause: func(_ context.Context, d time.Duration) { w.held = append(w.held, d) }}
	for _, f := range change {
		f(&o)
	}
	w.v = New(o)
	return w
}

// counter is a throttle that lets five failures of an identity pass.
type counter struct {
	mu       sync.Mutex
	failures map[string]int
	asked    []string
}

type tried struct {
	c          *counter
	identities []string
}

func (c *counter) Guess(_ netip.Addr, _, identity string) (Attempt, error) {
	t := &tried{c: c}
	return t, t.Also(identity)
}

var errTooSoon = errors.New("too soon")

func (t *tried) Also(identity string) error {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.c.asked = append(t.c.asked, identity)
	if t.c.failures[identity] >= 5 {
		return errTooSoon
	}
	t.identities = append(t.identities, identity)
	return nil
}

func (t *tried) Succeeded() {
	for _, identity := range t.identities {
		t.c.set(identity, 0)
	}
}

func (t *tried) Released() {}

func (t *tried) Failed() {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	for _, identity := range t.identities {
		t.c.failures[identity]++
	}
}

func (c *counter) set(identity string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures[identity] = n
}

// signIn signs somebody in, and returns why not.
func (w *world) signIn(name, password string) (*Person, string) {
	w.t.Helper()
	p, err := w.v.SignIn(w.t.Context(), w.d, name, secret.New(password), netip.MustParseAddr("198.51.100.7"))
	if (p == nil) == (err == nil) {
		w.t.Fatalf("signing in %q: %v, %v", name, p, err)
	}
	if err == nil {
		return p, ""
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		if e := awserr.From(err); e.Code != "IDPRejectedClaim" || e.Message != "The directory does not let in a user with this name and password." {
			w.t.Errorf("%q is told %v", name, e)
		}
		return nil, r.Reason
	}
	return nil, err.Error()
}
