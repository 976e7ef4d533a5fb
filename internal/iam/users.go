package iam

import (
	"context"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	usersPerAccount  = 5000
	groupsPerUser    = 10
	accessKeysQuota  = 2
	noUser           = "Must specify userName when calling with non-User credentials"
	mustRemoveUsers  = "Cannot delete entity, must remove users from group first."
	mustRemoveKeys   = "Cannot delete entity, must delete access keys first."
	mustRemoveMFA    = "Cannot delete entity, must delete MFA device first."
	boundaryTypeName = "Policy"
)

// CreateUser makes a user.
func (s *Service) CreateUser(ctx context.Context, c *principal.Caller, in *iamwire.CreateUserInput) (*iamwire.CreateUserOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	u := store.User{Account: c.Account, Name: or(in.UserName, ""), Path: or(in.Path, "/"), ID: seal.NewID("AIDA"),
		Boundary: or(in.PermissionsBoundary, ""), Created: s.now(), Tags: tags}
	a := creation("iam:CreateUser", "iam:TagUser", ofUser(u))
	a.params = map[string]string{"userName": u.Name, "path": u.Path}
	err = s.write(ctx, c, a, func(tx store.Tx) error { return insertUser(tx, u) })
	if err != nil {
		return nil, err
	}
	return &iamwire.CreateUserOutput{User: userOut(u, true)}, nil
}

// creation is the act of making e.
func creation(action, tagging string, e entity) act {
	return act{action: action, tagging: tagging, tags: e.tags, bounded: true,
		locate: func(store.Tx) (subject, error) { return subject{arn: e.arn, boundary: e.boundary}, nil }}
}

func insertUser(tx store.Tx, u store.User) error {
	if err := checkBoundary(tx, u.Account, u.Boundary); err != nil {
		return err
	}
	if err := users.taken(tx.InsertUser(u), u.Name); err != nil {
		return err
	}
	all, err := tx.Users(u.Account, store.Page{Limit: usersPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting users: %w", err)
	}
	return full(len(all)-1, usersPerAccount, "UsersPerAccount")
}

// userRef says which user a request is about: one by name, or the caller by its id.
type userRef struct{ account, name, id string }

// whose reads an optional UserName. Without it the caller must be a user.
func whose(c *principal.Caller, name *string) (userRef, error) {
	switch {
	case name != nil:
		return userRef{account: c.Account, name: *name}, nil
	case c.Kind == principal.User:
		return userRef{account: c.Account, name: c.Name, id: c.ID}, nil
	}
	return userRef{}, awserr.Validation(noUser)
}

func (r userRef) find(tx store.Tx) (store.User, error) {
	if r.id == "" {
		u, err := tx.User(r.account, r.name)
		return u, users.absent(err, r.name)
	}
	u, err := tx.UserByID(r.id)
	return u, users.absent(err, r.name)
}

func (r userRef) locate(tx store.Tx) (subject, error) {
	u, err := r.find(tx)
	if awserr.Is(err, iamwire.ErrNoSuchEntity) {
		return subject{arn: arn.IAM(r.account, "user/"+r.name)}, nil
	}
	return subject{arn: identity.UserARN(u), tags: u.Tags, boundary: u.Boundary}, err
}

func (r userRef) act(action string) act {
	return act{action: action, locate: r.locate, params: map[string]string{"userName": r.name}}
}

// GetUser describes a user: the caller without a UserName. For the account's
// root that is the account, which has neither name nor path.
func (s *Service) GetUser(ctx context.Context, c *principal.Caller, in *iamwire.GetUserInput) (*iamwire.GetUserOutput, error) {
	if in.UserName == nil && c.Kind == principal.Root {
		return s.getRoot(ctx, c)
	}
	ref, err := whose(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &iamwire.GetUserOutput{}
	err = s.read(ctx, c, ref.act("iam:GetUser"), func(tx store.Tx) error {
		u, err := ref.find(tx)
		out.User = userOut(u, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) getRoot(ctx context.Context, c *principal.Caller) (*iamwire.GetUserOutput, error) {
	out := &iamwire.GetUserOutput{}
	a := act{action: "iam:GetUser", locate: fixed(c.ARN())}
	err := s.read(ctx, c, a, func(tx store.Tx) error {
		account, err := tx.Account(c.Account)
		out.User = &iamwire.User{UserId: new(c.Account), Arn: new(c.ARN()), CreateDate: new(account.Created)}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListUsers lists users below a path, by name.
func (s *Service) ListUsers(ctx context.Context, c *principal.Caller, in *iamwire.ListUsersInput) (*iamwire.ListUsersOutput, error) {
	w, err := newWindow("ListUsers", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListUsersOutput{}
	err = s.read(ctx, c, listing("iam:ListUsers", c.Account, "user", in.PathPrefix), func(tx store.Tx) error {
		all, err := tx.Users(c.Account, w.page(in.PathPrefix))
		p := cut(w, all, func(u store.User) string { return fold(u.Name) })
		out.Users, out.IsTruncated, out.Marker = usersOut(p.items), p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteUser deletes a user that has nothing left.
func (s *Service) DeleteUser(ctx context.Context, c *principal.Caller, in *iamwire.DeleteUserInput) (*iamwire.DeleteUserOutput, error) {
	name := or(in.UserName, "")
	err := s.write(ctx, c, users.act("iam:DeleteUser", c.Account, name), func(tx store.Tx) error {
		e, err := users.get(tx, c.Account, name)
		if err != nil {
			return err
		}
		if err := userConflicts(tx, e); err != nil {
			return err
		}
		return tx.DeleteUser(e.id)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteUserOutput{}, nil
}

func userConflicts(tx store.Tx, e entity) error {
	keys, err := tx.AccessKeys(e.id)
	if err != nil {
		return fmt.Errorf("access keys of %q: %w", e.arn, err)
	}
	if len(keys) > 0 {
		return iamwire.NewDeleteConflict(mustRemoveKeys)
	}
	devices, err := tx.MFADevicesOf(e.id)
	if err != nil {
		return fmt.Errorf("MFA devices of %q: %w", e.arn, err)
	}
	if len(devices) > 0 {
		return iamwire.NewDeleteConflict(mustRemoveMFA)
	}
	in, err := tx.GroupsOf(e.id)
	if err != nil {
		return fmt.Errorf("groups of %q: %w", e.arn, err)
	}
	if len(in) > 0 {
		return iamwire.NewDeleteConflict(mustRemoveUsers)
	}
	return conflicts(tx, e)
}

// userOut is a user as answers show it; lists leave out boundary and tags.
func userOut(u store.User, whole bool) *iamwire.User {
	out := &iamwire.User{Path: new(u.Path), UserName: new(u.Name), UserId: new(u.ID),
		Arn: new(identity.UserARN(u)), CreateDate: new(u.Created)}
	if whole {
		out.PermissionsBoundary, out.Tags = boundaryOut(u.Boundary), tagsOut(u.Tags)
	}
	return out
}

func usersOut(in []store.User) []iamwire.User {
	out := make([]iamwire.User, 0, len(in))
	for _, u := range in {
		out = append(out, *userOut(u, false))
	}
	return out
}
