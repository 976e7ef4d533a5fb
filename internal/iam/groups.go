package iam

import (
	"context"
	"fmt"

	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const groupsPerAccount = 300

// CreateGroup makes a group.
func (s *Service) CreateGroup(ctx context.Context, c *principal.Caller, in *iamwire.CreateGroupInput) (*iamwire.CreateGroupOutput, error) {
	g := store.Group{Account: c.Account, Name: or(in.GroupName, ""), Path: or(in.Path, "/"), ID: seal.NewID("AGPA"), Created: s.now()}
	a := act{action: "iam:CreateGroup", locate: fixed(identity.GroupARN(g)), params: map[string]string{"groupName": g.Name, "path": g.Path}}
	err := s.write(ctx, c, a, func(tx store.Tx) error { return insertGroup(tx, g) })
	if err != nil {
		return nil, err
	}
	return &iamwire.CreateGroupOutput{Group: groupOut(g)}, nil
}

func insertGroup(tx store.Tx, g store.Group) error {
	if err := groups.taken(tx.InsertGroup(g), g.Name); err != nil {
		return err
	}
	all, err := tx.Groups(g.Account, store.Page{Limit: groupsPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting groups: %w", err)
	}
	return full(len(all)-1, groupsPerAccount, "GroupsPerAccount")
}

// GetGroup describes a group and lists who is in it.
func (s *Service) GetGroup(ctx context.Context, c *principal.Caller, in *iamwire.GetGroupInput) (*iamwire.GetGroupOutput, error) {
	name := or(in.GroupName, "")
	w, err := newWindow("GetGroup", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetGroupOutput{}
	err = s.read(ctx, c, groups.act("iam:GetGroup", c.Account, name), func(tx store.Tx) error {
		g, err := tx.Group(c.Account, name)
		if err != nil {
			return groups.absent(err, name)
		}
		members, err := tx.Members(g.ID)
		p := slice(w, members, func(u store.User) string { return fold(u.Name) })
		out.Group, out.Users, out.IsTruncated, out.Marker = groupOut(g), usersOut(p.items), p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListGroups lists groups below a path, by name.
func (s *Service) ListGroups(ctx context.Context, c *principal.Caller, in *iamwire.ListGroupsInput) (*iamwire.ListGroupsOutput, error) {
	w, err := newWindow("ListGroups", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListGroupsOutput{}
	err = s.read(ctx, c, listing("iam:ListGroups", c.Account, "group", in.PathPrefix), func(tx store.Tx) error {
		all, err := tx.Groups(c.Account, w.page(in.PathPrefix))
		p := cut(w, all, func(g store.Group) string { return fold(g.Name) })
		out.Groups, out.IsTruncated, out.Marker = groupsOut(p.items), p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteGroup deletes a group that has neither members nor policies.
func (s *Service) DeleteGroup(ctx context.Context, c *principal.Caller, in *iamwire.DeleteGroupInput) (*iamwire.DeleteGroupOutput, error) {
	name := or(in.GroupName, "")
	err := s.write(ctx, c, groups.act("iam:DeleteGroup", c.Account, name), func(tx store.Tx) error {
		e, err := groups.get(tx, c.Account, name)
		if err != nil {
			return err
		}
		members, err := tx.Members(e.id)
		if err != nil {
			return fmt.Errorf("members of group %q: %w", name, err)
		}
		if len(members) > 0 {
			return iamwire.NewDeleteConflict(mustRemoveUsers)
		}
		if err := conflicts(tx, e); err != nil {
			return err
		}
		return tx.DeleteGroup(e.id)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteGroupOutput{}, nil
}

func groupOut(g store.Group) *iamwire.Group {
	return &iamwire.Group{Path: new(g.Path), GroupName: new(g.Name), GroupId: new(g.ID),
		Arn: new(identity.GroupARN(g)), CreateDate: new(g.Created)}
}

func groupsOut(in []store.Group) []iamwire.Group {
	out := make([]iamwire.Group, 0, len(in))
	for _, g := range in {
		out = append(out, *groupOut(g))
	}
	return out
}
