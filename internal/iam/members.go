package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// AddUserToGroup puts a user into a group; doing it twice is no error.
func (s *Service) AddUserToGroup(ctx context.Context, c *principal.Caller, in *iamwire.AddUserToGroupInput) (*iamwire.AddUserToGroupOutput, error) {
	err := s.membership(ctx, c, "iam:AddUserToGroup", in.GroupName, in.UserName, addMember)
	if err != nil {
		return nil, err
	}
	return &iamwire.AddUserToGroupOutput{}, nil
}

// RemoveUserFromGroup takes a user out of a group; as on AWS it is no error if the user is not in it.
func (s *Service) RemoveUserFromGroup(ctx context.Context, c *principal.Caller, in *iamwire.RemoveUserFromGroupInput) (*iamwire.RemoveUserFromGroupOutput, error) {
	err := s.membership(ctx, c, "iam:RemoveUserFromGroup", in.GroupName, in.UserName, removeMember)
	if err != nil {
		return nil, err
	}
	return &iamwire.RemoveUserFromGroupOutput{}, nil
}

func (s *Service) membership(ctx context.Context, c *principal.Caller, action string, group, user *string,
	f func(tx store.Tx, group, user entity) error) error {
	a := groups.act(action, c.Account, or(group, ""))
	a.params["userName"] = or(user, "")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		u, err := users.get(tx, c.Account, or(user, ""))
		if err != nil {
			return err
		}
		g, err := groups.get(tx, c.Account, or(group, ""))
		if err != nil {
			return err
		}
		return f(tx, g, u)
	})
}

func addMember(tx store.Tx, group, user entity) error {
	in, err := tx.GroupsOf(user.id)
	if err != nil {
		return fmt.Errorf("groups of user %q: %w", user.name, err)
	}
	if slices.ContainsFunc(in, func(g store.Group) bool { return g.ID == group.id }) {
		return nil
	}
	if err := full(len(in), groupsPerUser, "GroupsPerUser"); err != nil {
		return err
	}
	return tx.AddMember(group.id, user.id)
}

func removeMember(tx store.Tx, group, user entity) error {
	err := tx.RemoveMember(group.id, user.id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// ListGroupsForUser lists the groups that a user is in.
func (s *Service) ListGroupsForUser(ctx context.Context, c *principal.Caller, in *iamwire.ListGroupsForUserInput) (*iamwire.ListGroupsForUserOutput, error) {
	name := or(in.UserName, "")
	w, err := newWindow("ListGroupsForUser", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListGroupsForUserOutput{}
	err = s.read(ctx, c, users.act("iam:ListGroupsForUser", c.Account, name), func(tx store.Tx) error {
		u, err := users.get(tx, c.Account, name)
		if err != nil {
			return err
		}
		all, err := tx.GroupsOf(u.id)
		p := slice(w, all, func(g store.Group) string { return fold(g.Name) })
		out.Groups, out.IsTruncated, out.Marker = groupsOut(p.items), p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
