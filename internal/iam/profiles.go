package iam

import (
	"context"
	"errors"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	profilesPerAccount = 1000
	mustRemoveRoles    = "Cannot delete entity, must remove roles from instance profile first."
)

// profileRef names an instance profile.
type profileRef struct{ account, name string }

func (r profileRef) find(tx store.Tx) (store.InstanceProfile, error) {
	p, err := tx.InstanceProfile(r.account, r.name)
	if errors.Is(err, store.ErrNotFound) {
		return p, iamwire.NewNoSuchEntity("Instance Profile %s cannot be found.", r.name)
	}
	if err != nil {
		return p, fmt.Errorf("instance profile %q: %w", r.name, err)
	}
	return p, nil
}

// locate finds the instance profile as the subject of an act.
func (r profileRef) locate(tx store.Tx) (subject, error) {
	p, err := tx.InstanceProfile(r.account, r.name)
	if errors.Is(err, store.ErrNotFound) {
		return subject{arn: arn.IAM(r.account, "instance-profile/"+r.name)}, nil
	}
	return subject{arn: identity.InstanceProfileARN(p), tags: p.Tags}, err
}

func (r profileRef) act(action string) act {
	return act{action: action, locate: r.locate, params: map[string]string{"instanceProfileName": r.name}}
}

// CreateInstanceProfile makes an instance profile with no role in it.
func (s *Service) CreateInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.CreateInstanceProfileInput) (*iamwire.CreateInstanceProfileOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	p := store.InstanceProfile{Account: c.Account, Name: or(in.InstanceProfileName, ""), Path: or(in.Path, "/"),
		ID: seal.NewID("AIPA"), Created: s.now(), Tags: tags}
	a := creation("iam:CreateInstanceProfile", "iam:TagInstanceProfile", entity{arn: identity.InstanceProfileARN(p), tags: tags})
	a.params = map[string]string{"instanceProfileName": p.Name, "path": p.Path}
	out := &iamwire.CreateInstanceProfileOutput{}
	err = s.write(ctx, c, a, func(tx store.Tx) error {
		if err := insertProfile(tx, p); err != nil {
			return err
		}
		out.InstanceProfile, err = profileOut(tx, p, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func insertProfile(tx store.Tx, p store.InstanceProfile) error {
	err := tx.InsertInstanceProfile(p)
	if errors.Is(err, store.ErrExists) {
		return iamwire.NewEntityAlreadyExists("Instance Profile %s already exists.", p.Name)
	}
	if err != nil {
		return fmt.Errorf("inserting instance profile %q: %w", p.Name, err)
	}
	all, err := tx.InstanceProfiles(p.Account, store.Page{Limit: profilesPerAccount + 1})
	if err != nil {
		return fmt.Errorf("counting instance profiles: %w", err)
	}
	return full(len(all)-1, profilesPerAccount, "InstanceProfilesPerAccount")
}

// GetInstanceProfile describes an instance profile and the role in it.
func (s *Service) GetInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.GetInstanceProfileInput) (*iamwire.GetInstanceProfileOutput, error) {
	ref := profileRef{c.Account, or(in.InstanceProfileName, "")}
	out := &iamwire.GetInstanceProfileOutput{}
	err := s.read(ctx, c, ref.act("iam:GetInstanceProfile"), func(tx store.Tx) error {
		p, err := ref.find(tx)
		if err != nil {
			return err
		}
		out.InstanceProfile, err = profileOut(tx, p, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListInstanceProfiles lists instance profiles below a path, by name.
func (s *Service) ListInstanceProfiles(ctx context.Context, c *principal.Caller, in *iamwire.ListInstanceProfilesInput) (*iamwire.ListInstanceProfilesOutput, error) {
	w, err := newWindow("ListInstanceProfiles", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListInstanceProfilesOutput{}
	err = s.read(ctx, c, listing("iam:ListInstanceProfiles", c.Account, "instance-profile", in.PathPrefix), func(tx store.Tx) error {
		all, err := tx.InstanceProfiles(c.Account, w.page(in.PathPrefix))
		if err != nil {
			return err
		}
		p := cut(w, all, profileKey)
		out.IsTruncated, out.Marker = p.truncated, p.marker
		out.InstanceProfiles, err = profilesOut(tx, p.items)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func profileKey(p store.InstanceProfile) string { return fold(p.Name) }

// DeleteInstanceProfile deletes an instance profile that holds no role.
func (s *Service) DeleteInstanceProfile(ctx context.Context, c *principal.Caller, in *iamwire.DeleteInstanceProfileInput) (*iamwire.DeleteInstanceProfileOutput, error) {
	ref := profileRef{c.Account, or(in.InstanceProfileName, "")}
	err := s.write(ctx, c, ref.act("iam:DeleteInstanceProfile"), func(tx store.Tx) error {
		p, err := ref.find(tx)
		if err != nil {
			return err
		}
		if p.RoleID != "" {
			return iamwire.NewDeleteConflict(mustRemoveRoles)
		}
		return tx.DeleteInstanceProfile(p.ID)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteInstanceProfileOutput{}, nil
}

// profileOut is an instance profile as answers show it; lists leave out the tags.
func profileOut(tx store.Tx, p store.InstanceProfile, whole bool) (*iamwire.InstanceProfile, error) {
	out := &iamwire.InstanceProfile{Path: new(p.Path), InstanceProfileName: new(p.Name), InstanceProfileId: new(p.ID),
		Arn: new(identity.InstanceProfileARN(p)), CreateDate: new(p.Created)}
	if whole {
		out.Tags = tagsOut(p.Tags)
	}
	if p.RoleID == "" {
		return out, nil
	}
	r, err := tx.RoleByID(p.RoleID)
	if err != nil {
		return nil, fmt.Errorf("role in instance profile %q: %w", p.Name, err)
	}
	out.Roles, err = rolesOut(tx, []store.Role{r})
	return out, err
}

func profilesOut(tx store.Tx, in []store.InstanceProfile) ([]iamwire.InstanceProfile, error) {
	out := make([]iamwire.InstanceProfile, 0, len(in))
	for _, p := range in {
		shown, err := profileOut(tx, p, false)
		if err != nil {
			return nil, err
		}
		out = append(out, *shown)
	}
	return out, nil
}
