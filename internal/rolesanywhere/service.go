// Package rolesanywhere is IAM Roles Anywhere: trust anchors, profiles and
// certificate revocation lists, and the sessions that a machine gets by a
// certificate under one of those anchors.
//
// It owns what is registered, the whole validation of a certificate (path.go,
// crl.go) and what the certificate says of the machine (attributes.go). It does
// not own the request's signature (sigv4, which the door hands in), the role's
// trust policy and the session (sts), nor the decision and its record (gate).
package rolesanywhere

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/sts"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Sessions makes the sessions.
type Sessions interface {
	AssumeRoleWithCertificate(ctx context.Context, c *principal.Caller, in sts.Certificate) (*sts.MachineSession, error)
}

// Options are what a Service works with; all are required.
type Options struct {
	Store    store.Store
	Gate     Gate
	Sessions Sessions
	Region   string
	Now      func() time.Time
}

// Service answers the operations. It is safe for concurrent use.
type Service struct {
	store    store.Store
	gate     Gate
	sessions Sessions
	region   string
	clock    func() time.Time

	anchors  store.Memo[ref, *trusted]
	profiles store.Memo[ref, *store.AnywhereProfile]
}

// New makes a service.
func New(o Options) *Service {
	return &Service{store: o.Store, gate: o.Gate, sessions: o.Sessions, region: o.Region, clock: o.Now}
}

func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Second) }

// The kinds of resources, as their ARNs spell them.
const (
	anchorKind  = "trust-anchor"
	profileKind = "profile"
	crlKind     = "crl"
)

// words are the kinds as a person calls them.
var words = map[string]string{anchorKind: "trust anchor", profileKind: "profile", crlKind: "certificate revocation list"}

// ref is a resource, or a kind of them when id is "".
type ref struct{ account, region, kind, id string }

// Own returns it without the rest of the request.
func (r ref) Own() ref {
	return ref{strings.Clone(r.account), strings.Clone(r.region), strings.Clone(r.kind), strings.Clone(r.id)}
}

func (r ref) arn() string {
	return "arn:" + arn.Partition(r.region) + ":rolesanywhere:" + r.region + ":" + r.account + ":" + r.kind + "/" + r.id
}

func (s *Service) ref(account, kind string, id *string) ref {
	return ref{account, s.region, kind, value(id)}
}

// parseRef reads the ARN of a resource of one of the kinds in this region.
func (s *Service) parseRef(name string, kinds ...string) (ref, bool) {
	a, err := arn.Parse(name)
	kind, id, _ := strings.Cut(a.Resource, "/")
	r := ref{a.Account, a.Region, kind, id}
	return r, err == nil && a.Service == "rolesanywhere" && a.Region == s.region && slices.Contains(kinds, kind) && isUUID(id) && r.arn() == name
}

// found is a resource with what all kinds have.
type found struct {
	tags   []store.Tag
	update func([]store.Tag) error // writes other tags
}

// find reads a resource.
func (r ref) find(tx store.Tx, now time.Time) (f found, err error) {
	switch r.kind {
	case anchorKind:
		a, err := tx.TrustAnchor(r.account, r.region, r.id)
		return found{a.Tags, func(t []store.Tag) error { a.Tags, a.Updated = t, now; return tx.UpdateTrustAnchor(a) }}, err
	case profileKind:
		p, err := tx.AnywhereProfile(r.account, r.region, r.id)
		return found{p.Tags, func(t []store.Tag) error { p.Tags, p.Updated = t, now; return tx.UpdateAnywhereProfile(p) }}, err
	}
	c, err := tx.CRL(r.account, r.region, r.id)
	return found{c.Tags, func(t []store.Tag) error { c.Tags, c.Updated = t, now; return tx.UpdateCRL(c) }}, err
}

// act is one operation as the gate sees it.
type act struct {
	action string
	on     ref
	tags   []store.Tag // that the request brings
	keys   []string    // of tags that the request takes away
	params map[string]string
	passes []string // ARNs of roles that the caller lends
}

// read authorises a and runs f on a snapshot.
func (s *Service) read(ctx context.Context, c *principal.Caller, a act, f func(store.Tx) error) error {
	return s.do(ctx, c, a, s.store.View, f)
}

// write authorises a and runs f in a transaction.
func (s *Service) write(ctx context.Context, c *principal.Caller, a act, f func(store.Tx) error) error {
	return s.do(ctx, c, a, s.store.Update, f)
}

func (s *Service) do(ctx context.Context, c *principal.Caller, a act, run func(context.Context, func(store.Tx) error) error, f func(store.Tx) error) error {
	var seen []store.Tag
	err := s.store.View(ctx, func(tx store.Tx) (err error) {
		seen, err = s.tagsOf(tx, a.on)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.authorize(ctx, c, a, seen); err != nil {
		return err
	}
	return run(ctx, func(tx store.Tx) error {
		if a.on.id == "" {
			return f(tx)
		}
		now, err := a.on.find(tx, s.now())
		switch {
		case errors.Is(err, store.ErrNotFound):
			return wire.NewResourceNotFound("The %s %s does not exist.", words[a.on.kind], a.on.id)
		case err != nil:
			return err
		case !slices.Equal(now.tags, seen):
			return wire.NewValidation("%s changed while the request was being authorized. Try again.", a.on.arn())
		}
		return f(tx)
	})
}

// tagsOf are the tags of what is there; what is not has none, so that only a
// caller who may act on it learns that.
func (s *Service) tagsOf(tx store.Tx, r ref) ([]store.Tag, error) {
	if r.id == "" {
		return nil, nil
	}
	f, err := r.find(tx, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return f.tags, err
}

func (s *Service) authorize(ctx context.Context, c *principal.Caller, a act, tags []store.Tag) error {
	r := gate.Request{Action: "rolesanywhere:" + a.action, Resource: "*", ResourceAccount: c.Account, ResourceTags: tags,
		Context: a.context(), Params: a.params}
	if a.on.id != "" {
		r.Resource = a.on.arn()
	}
	if err := s.gate.Authorize(ctx, c, r); err != nil {
		return err
	}
	if len(a.tags) > 0 && a.action != "TagResource" {
		r.Action = "rolesanywhere:TagResource"
		if err := s.gate.Authorize(ctx, c, r); err != nil {
			return err
		}
	}
	for _, role := range a.passes {
		if err := s.authorizePass(ctx, c, role); err != nil {
			return err
		}
	}
	return nil
}

func (a act) context() map[string][]string {
	keys := map[string][]string{}
	for _, t := range a.tags {
		keys["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], t.Key)
	}
	if len(a.keys) > 0 {
		keys["aws:tagkeys"] = a.keys
	}
	return keys
}

// authorizePass asks whether the caller may lend a role, or it could lend itself any.
func (s *Service) authorizePass(ctx context.Context, c *principal.Caller, name string) error {
	r := gate.Request{Action: "iam:PassRole", Resource: name, ResourceAccount: c.Account,
		Context: map[string][]string{"iam:passedtoservice": {sts.AnywhereService}}}
	err := s.store.View(ctx, func(tx store.Tx) error {
		role, err := tx.Role(c.Account, name[strings.LastIndexByte(name, '/')+1:])
		if err == nil {
			r.ResourceTags = role.Tags
		} else if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("role %q: %w", name, err)
	}
	return s.gate.Authorize(ctx, c, r)
}

// AWS's quotas of an account and region, and of a trust anchor. They bound what
// is kept in memory.
const (
	maxAnchors    = 50
	maxProfiles   = 250
	maxLists      = 2 // of a trust anchor
	maxSpecifiers = 50
)

func full(what string, n int) error {
	return wire.NewValidation("There may be no more than %d %s.", n, what)
}

const (
	maxPage  = 50
	listPage = 10 // of revocation lists, which are large
)

// window reads which page of a list is asked for. A token is the id before it.
func window(token *string, size *int64, most int) (store.Page, error) {
	p := store.Page{After: value(token), Limit: most}
	if p.After != "" && !isUUID(p.After) {
		return p, wire.NewValidation("nextToken is not of this list.")
	}
	if size != nil {
		if *size < 1 {
			return p, wire.NewValidation("pageSize is a number from 1.")
		}
		p.Limit = int(min(*size, int64(most)))
	}
	p.Limit++ // to see whether there is more
	return p, nil
}

// cut is the page and the token of the next one.
func cut[T any](all []T, p store.Page, id func(T) string) ([]T, *string) {
	if len(all) < p.Limit {
		return all, nil
	}
	all = all[:p.Limit-1]
	return all, new(id(all[len(all)-1]))
}

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return uuid(b, 4)
}

func uuid(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func isUUID(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return len(s) == 36
}

// value is what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func set[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}
