package iam

import (
	"errors"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/iam/identity"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// entity is what users, groups and roles have in common: policies can be
// attached to them.
type entity struct {
	name, id, arn, boundary string
	tags                    []store.Tag
}

// kind is one of the three kinds of entity, with the rules that differ.
type kind struct {
	noun  string // in ARNs and messages: "user"
	title string // in the names of actions and quotas: "User"
	// inlineSize bounds the sum of an entity's inline policies, in characters that are not white space.
	inlineSize int
	find       func(tx store.Tx, account, name string) (entity, error)
	all        func(tx store.Tx, account string, p store.Page) ([]entity, error)
}

const userInlineSize, groupInlineSize, roleInlineSize = 2048, 5120, 10240

var (
	users  = &kind{noun: "user", title: "User", inlineSize: userInlineSize, find: findUser, all: allUsers}
	groups = &kind{noun: "group", title: "Group", inlineSize: groupInlineSize, find: findGroup, all: allGroups}
	roles  = &kind{noun: "role", title: "Role", inlineSize: roleInlineSize, find: findRole, all: allRoles}
)

func findUser(tx store.Tx, account, name string) (entity, error) {
	u, err := tx.User(account, name)
	return ofUser(u), err
}

func allUsers(tx store.Tx, account string, p store.Page) ([]entity, error) {
	all, err := tx.Users(account, p)
	return each(all, ofUser), err
}

func ofUser(u store.User) entity {
	return entity{name: u.Name, id: u.ID, arn: identity.UserARN(u), boundary: u.Boundary, tags: u.Tags}
}

func findGroup(tx store.Tx, account, name string) (entity, error) {
	g, err := tx.Group(account, name)
	return ofGroup(g), err
}

func ofGroup(g store.Group) entity {
	return entity{name: g.Name, id: g.ID, arn: identity.GroupARN(g)}
}

func allGroups(tx store.Tx, account string, p store.Page) ([]entity, error) {
	all, err := tx.Groups(account, p)
	return each(all, ofGroup), err
}

func findRole(tx store.Tx, account, name string) (entity, error) {
	r, err := tx.Role(account, name)
	return ofRole(r), err
}

func ofRole(r store.Role) entity {
	return entity{name: r.Name, id: r.ID, arn: identity.RoleARN(r), boundary: r.Boundary, tags: r.Tags}
}

func allRoles(tx store.Tx, account string, p store.Page) ([]entity, error) {
	all, err := tx.Roles(account, p)
	return each(all, ofRole), err
}

func each[T any](in []T, of func(T) entity) []entity {
	out := make([]entity, 0, len(in))
	for _, v := range in {
		out = append(out, of(v))
	}
	return out
}

// get finds an entity; its absence is NoSuchEntity.
func (k *kind) get(tx store.Tx, account, name string) (entity, error) {
	e, err := k.find(tx, account, name)
	return e, k.absent(err, name)
}

// absent turns a store's ErrNotFound into the API's words.
func (k *kind) absent(err error, name string) error {
	if errors.Is(err, store.ErrNotFound) {
		return iamwire.NewNoSuchEntity("The %s with name %s cannot be found.", k.noun, name)
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", k.noun, name, err)
	}
	return nil
}

// locate finds the entity as the subject of an act.
func (k *kind) locate(account, name string) func(store.Tx) (subject, error) {
	return func(tx store.Tx) (subject, error) {
		e, err := k.find(tx, account, name)
		if errors.Is(err, store.ErrNotFound) {
			return subject{arn: arn.IAM(account, k.noun+"/"+name)}, nil
		}
		return subject{arn: e.arn, tags: e.tags, boundary: e.boundary}, err
	}
}

// act is an operation on an existing entity of this kind.
func (k *kind) act(action, account, name string) act {
	return act{action: action, locate: k.locate(account, name), params: map[string]string{k.noun + "Name": name}}
}

// listing is an operation on everything of a sort below a path.
func listing(action, account, noun string, prefix *string) act {
	p := or(prefix, "/")
	return act{action: action, locate: fixed(arn.IAM(account, noun+p)), params: map[string]string{"pathPrefix": p}}
}

// conflicts refuses to delete an entity that still has policies.
func conflicts(tx store.Tx, e entity) error {
	attached, err := tx.Attachments(e.id)
	if err != nil {
		return fmt.Errorf("attachments of %q: %w", e.arn, err)
	}
	if len(attached) > 0 {
		return iamwire.NewDeleteConflict("Cannot delete entity, must detach all policies first.")
	}
	inline, err := tx.InlinePolicies(e.id)
	if err != nil {
		return fmt.Errorf("inline policies of %q: %w", e.arn, err)
	}
	if len(inline) > 0 {
		return iamwire.NewDeleteConflict("Cannot delete entity, must delete policies first.")
	}
	return nil
}
