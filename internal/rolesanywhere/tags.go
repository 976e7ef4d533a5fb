package rolesanywhere

import (
	"context"
	"slices"
	"strings"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

const maxTags = 50

// tagsIn checks the tags that a request brings.
func tagsIn(in []wire.Tag) (out []store.Tag, err error) {
	if len(in) > maxTags {
		return nil, wire.NewTooManyTags("A resource has no more than %d tags.", maxTags)
	}
	for _, t := range in {
		tag := store.Tag{Key: value(t.Key), Value: value(t.Value)}
		if strings.HasPrefix(strings.ToLower(tag.Key), "aws:") {
			return nil, wire.NewValidation("Tag keys may not begin with \"aws:\".")
		}
		if slices.ContainsFunc(out, func(o store.Tag) bool { return o.Key == tag.Key }) {
			return nil, wire.NewValidation("A tag key is given more than once.")
		}
		out = append(out, tag)
	}
	return out, nil
}

// tagged reads the ARN of a resource with tags, which must be of the caller's account.
func (s *Service) tagged(c *principal.Caller, name *string) (ref, error) {
	r, ok := s.parseRef(value(name), anchorKind, profileKind, crlKind)
	if !ok || r.account != c.Account {
		return r, wire.NewResourceNotFound("There is no resource of this ARN with tags in this account and region.")
	}
	return r, nil
}

// TagResource adds tags, and replaces those of the same keys.
func (s *Service) TagResource(ctx context.Context, c *principal.Caller, in *wire.TagResourceInput) (*wire.TagResourceOutput, error) {
	on, err := s.tagged(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, c, act{action: "TagResource", on: on, tags: tags}, func(tx store.Tx) error {
		f, err := on.find(tx, s.now())
		if err != nil {
			return err
		}
		all := slices.Clone(f.tags)
		for _, t := range tags {
			if i := slices.IndexFunc(all, func(o store.Tag) bool { return o.Key == t.Key }); i >= 0 {
				all[i] = t
			} else {
				all = append(all, t)
			}
		}
		if len(all) > maxTags {
			return wire.NewTooManyTags("A resource has no more than %d tags.", maxTags)
		}
		return f.update(all)
	})
	if err != nil {
		return nil, err
	}
	return &wire.TagResourceOutput{}, nil
}

// UntagResource removes the tags of the keys that are there.
func (s *Service) UntagResource(ctx context.Context, c *principal.Caller, in *wire.UntagResourceInput) (*wire.UntagResourceOutput, error) {
	on, err := s.tagged(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, c, act{action: "UntagResource", on: on, keys: in.TagKeys}, func(tx store.Tx) error {
		f, err := on.find(tx, s.now())
		if err != nil {
			return err
		}
		return f.update(slices.DeleteFunc(slices.Clone(f.tags), func(t store.Tag) bool { return slices.Contains(in.TagKeys, t.Key) }))
	})
	if err != nil {
		return nil, err
	}
	return &wire.UntagResourceOutput{}, nil
}

// ListTagsForResource lists a resource's tags.
func (s *Service) ListTagsForResource(ctx context.Context, c *principal.Caller, in *wire.ListTagsForResourceInput) (*wire.ListTagsForResourceOutput, error) {
	on, err := s.tagged(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &wire.ListTagsForResourceOutput{}
	err = s.read(ctx, c, act{action: "ListTagsForResource", on: on}, func(tx store.Tx) error {
		f, err := on.find(tx, s.now())
		for _, t := range f.tags {
			out.Tags = append(out.Tags, wire.Tag{Key: new(t.Key), Value: new(t.Value)})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
