package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
)

// lateFor is how long a server that gave no answer comes last.
const lateFor = 30 * time.Second

// session is a connection on which the service account is bound.
type session struct {
	*ldap.Conn
	d        store.Directory
	password string // of the service account
}

// bind binds the service account, first or again.
func (s *session) bind() error {
	if err := s.Bind(s.d.BindDN, s.password); err != nil {
		return fmt.Errorf("binding the service account: %w", err)
	}
	return nil
}

// with runs f on the first of the directory's servers that answers. What f
// returns as an *awserr.Error is the answer; anything else has it tried on the next.
func (v *Verifier) with(ctx context.Context, d store.Directory, f func(*session) error) error {
	password, err := v.o.Keys.OpenSecret(PasswordLabel, d.ID, d.BindPassword)
	if err != nil {
		return awserr.Internal(fmt.Errorf("bind password of directory %q: %w", d.ID, err))
	}
	var errs []error
	for _, url := range v.order(d.URLs) {
		err := v.on(ctx, d, url, string(password), f)
		if err == nil {
			return nil
		}
		if e, ok := errors.AsType[*awserr.Error](err); ok {
			return e
		}
		errs = append(errs, fmt.Errorf("%s: %w", url, err))
		if ctx.Err() != nil { // who asked is gone: that tells nothing of the server
			break
		}
		v.late(url)
	}
	return unreachable(errors.Join(errs...))
}

// order puts servers that gave no answer lately behind the others.
func (v *Verifier) order(urls []string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.o.Now()
	var good, late []string
	for _, u := range urls {
		if now.Before(v.down[u]) {
			late = append(late, u)
		} else {
			delete(v.down, u)
			good = append(good, u)
		}
	}
	return append(good, late...)
}

func (v *Verifier) late(url string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.down[url] = v.o.Now().Add(lateFor)
}

// on runs f on one server.
func (v *Verifier) on(ctx context.Context, d store.Directory, url, password string, f func(*session) error) error {
	where, err := parseURL(url)
	if err != nil {
		return err
	}
	roots, err := authorities(d.Authorities, v.o.Roots)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, v.o.Timeout)
	defer cancel()
	raw, err := v.o.Dialer.DialContext(ctx, "tcp", where.addr)
	if err != nil {
		return err
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	secured, err := secure(ctx, &bounded{Conn: raw, left: maxTraffic}, where, roots)
	if err != nil {
		return err
	}
	c := ldap.NewConn(newMessages(secured), true)
	c.SetTimeout(v.o.Timeout)
	c.Start()
	defer c.Close()
	s := &session{Conn: c, d: d, password: password}
	if err := s.bind(); err != nil {
		return err
	}
	return f(s)
}

// secure begins TLS. There is no way around it: what does not offer it is not spoken to.
func secure(ctx context.Context, c net.Conn, where server, roots *x509.CertPool) (net.Conn, error) {
	if !where.tls {
		if err := startTLS(c); err != nil {
			return nil, fmt.Errorf("StartTLS: %w", err)
		}
	}
	t := tls.Client(c, &tls.Config{ServerName: where.host, RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// startTLSRequest is the extended request 1.3.6.1.4.1.1466.20037, message 1 (RFC 4511).
var startTLSRequest = append([]byte{0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16}, "1.3.6.1.4.1.1466.20037"...)

// maxStartTLS is more than any answer to it takes.
const maxStartTLS = 4 << 10

// startTLS asks for TLS on a connection of which no byte too many is read: what
// somebody puts in behind the answer becomes part of the handshake, and breaks it.
func startTLS(c io.ReadWriter) error {
	if _, err := c.Write(startTLSRequest); err != nil {
		return err
	}
	return readStartTLS(c)
}

func readStartTLS(r io.Reader) error {
	p, err := ber.ReadPacket(io.LimitReader(r, maxStartTLS))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if p.ClassType != ber.ClassUniversal || p.Tag != ber.TagSequence || len(p.Children) < 2 {
		return errors.New("the answer is none")
	}
	id, op := p.Children[0], p.Children[1]
	if id.Value != int64(1) || op.ClassType != ber.ClassApplication || op.Tag != ldap.ApplicationExtendedResponse || len(op.Children) < 3 {
		return errors.New("the answer is another request's")
	}
	if code, ok := op.Children[0].Value.(int64); !ok || code != ldap.LDAPResultSuccess {
		return fmt.Errorf("the server refuses it with code %d", code)
	}
	return nil
}

// bounded is a connection of which a bounded number of bytes is read.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the directory has sent more than %d bytes", maxTraffic)
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// search asks for at most limit entries. A referral is an error; references to
// other servers among the entries are left alone.
func (s *session) search(base string, scope int, filter string, limit int, attributes []string) ([]*ldap.Entry, error) {
	r, err := s.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, limit, int(timeout/time.Second), false, filter, attributes, nil))
	if err != nil {
		return nil, err
	}
	return slices.Clip(r.Entries), nil
}
