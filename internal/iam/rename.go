package iam

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// UpdateUser gives a user another name, another path, or both. The unique id
// stays, and with it keys, groups, policies and the trust of roles.
func (s *Service) UpdateUser(ctx context.Context, c *principal.Caller, in *iamwire.UpdateUserInput) (*iamwire.UpdateUserOutput, error) {
	name := or(in.UserName, "")
	err := s.write(ctx, c, users.moveAct("iam:UpdateUser", c.Account, name, in.NewPath, in.NewUserName), func(tx store.Tx) error {
		u, err := tx.User(c.Account, name)
		if err != nil {
			return users.absent(err, name)
		}
		u.Path, u.Name = or(in.NewPath, u.Path), or(in.NewUserName, u.Name)
		return users.taken(tx.UpdateUser(u), u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateUserOutput{}, nil
}

// UpdateGroup gives a group another name, another path, or both. Members and policies stay.
func (s *Service) UpdateGroup(ctx context.Context, c *principal.Caller, in *iamwire.UpdateGroupInput) (*iamwire.UpdateGroupOutput, error) {
	name := or(in.GroupName, "")
	err := s.write(ctx, c, groups.moveAct("iam:UpdateGroup", c.Account, name, in.NewPath, in.NewGroupName), func(tx store.Tx) error {
		g, err := tx.Group(c.Account, name)
		if err != nil {
			return groups.absent(err, name)
		}
		g.Path, g.Name = or(in.NewPath, g.Path), or(in.NewGroupName, g.Name)
		return groups.taken(tx.UpdateGroup(g), g.Name)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateGroupOutput{}, nil
}

// moveAct is the act of giving an entity another ARN: the caller needs the
// permission on the one that it has and on the one that it gets.
func (k *kind) moveAct(action, account, name string, path, newName *string) act {
	a := k.act(action, account, name)
	here := a.locate
	a.locate = func(tx store.Tx) (subject, error) {
		on, err := here(tx)
		on.becomes = moved(on.arn, path, newName)
		return on, err
	}
	maps.Copy(a.params, given("newPath", path))
	maps.Copy(a.params, given("new"+k.title+"Name", newName))
	return a
}

func given(name string, value *string) map[string]string {
	if value == nil {
		return nil
	}
	return map[string]string{name: *value}
}

// moved is the ARN arn:…:KIND/PATH/NAME with another path or name.
func moved(arn string, path, name *string) string {
	first, last := strings.IndexByte(arn, '/'), strings.LastIndexByte(arn, '/')
	return arn[:first] + or(path, arn[first:last+1]) + or(name, arn[last+1:])
}

// taken turns a store's ErrExists into the API's words.
func (k *kind) taken(err error, name string) error {
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("%s with name %s already exists.", k.title, name)
	}
	if err != nil {
		return fmt.Errorf("writing %s %q: %w", k.noun, name, err)
	}
	return nil
}
