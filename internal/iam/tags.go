package iam

import (
	"context"
	"slices"
	"strings"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	tagsQuota   = 50
	tooManyTags = "The number of tags has reached the maximum limit."
)

// The three operations on tags, for everything that bears them. tags_api.go
// gives them the API's names.

// bearer finds what bears tags. It returns them and what puts others in their place.
type bearer func(tx store.Tx) (tags []store.Tag, put func([]store.Tag) error, err error)

func userTags(account string, name *string) bearer {
	return func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		u, err := tx.User(account, or(name, ""))
		put := func(tags []store.Tag) error { u.Tags = tags; return tx.UpdateUser(u) }
		return u.Tags, put, users.absent(err, or(name, ""))
	}
}

func roleTags(account string, name *string) bearer {
	return func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		r, err := tx.Role(account, or(name, ""))
		put := func(tags []store.Tag) error { r.Tags = tags; return tx.UpdateRole(r) }
		return r.Tags, put, roles.absent(err, or(name, ""))
	}
}

func policyTags(account string, ref policyRef) bearer {
	return func(tx store.Tx) ([]store.Tag, func([]store.Tag) error, error) {
		p, err := ref.owned(tx, account)
		put := func(tags []store.Tag) error { p.Tags = tags; return tx.UpdatePolicy(p) }
		return p.Tags, put, err
	}
}

func (s *Service) tag(ctx context.Context, c *principal.Caller, a act, b bearer, in []iamwire.Tag) error {
	more, err := tagsIn(in)
	if err != nil {
		return err
	}
	a.tags = more
	a.params["tagKeys"] = strings.Join(tagKeys(more), ",")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		have, put, err := b(tx)
		if err != nil {
			return err
		}
		all := merged(have, more)
		if len(all) > tagsQuota {
			return iamwire.NewLimitExceeded(tooManyTags)
		}
		return put(all)
	})
}

func tagKeys(tags []store.Tag) []string {
	keys := make([]string, 0, len(tags))
	for _, t := range tags {
		keys = append(keys, t.Key)
	}
	return keys
}

// merged puts tags in the place of those of the same key, and behind them what is new.
func merged(have, more []store.Tag) []store.Tag {
	out := slices.Clone(have)
	for _, t := range more {
		at := slices.IndexFunc(out, func(o store.Tag) bool { return fold(o.Key) == fold(t.Key) })
		if at < 0 {
			out = append(out, t)
		} else {
			out[at] = t
		}
	}
	return out
}

func (s *Service) untag(ctx context.Context, c *principal.Caller, a act, b bearer, keys []string) error {
	a.keys = map[string][]string{"aws:tagkeys": keys}
	a.params["tagKeys"] = strings.Join(keys, ",")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		have, put, err := b(tx)
		if err != nil {
			return err
		}
		return put(without(have, keys))
	})
}

// without drops the tags of these keys; keys that are not there are no error.
func without(have []store.Tag, keys []string) []store.Tag {
	gone := make(map[string]bool)
	for _, k := range keys {
		gone[fold(k)] = true
	}
	return slices.DeleteFunc(slices.Clone(have), func(t store.Tag) bool { return gone[fold(t.Key)] })
}

func (s *Service) listTags(ctx context.Context, c *principal.Caller, a act, b bearer, marker *string, items *int64) (paged[iamwire.Tag], error) {
	var out paged[iamwire.Tag]
	w, err := newWindow(a.action, marker, items)
	if err != nil {
		return out, err
	}
	err = s.read(ctx, c, a, func(tx store.Tx) error {
		tags, _, err := b(tx)
		p := slice(w, tags, func(t store.Tag) string { return t.Key })
		out = paged[iamwire.Tag]{tagsOut(p.items), p.truncated, p.marker}
		return err
	})
	return out, err
}
