package rolesanywhere

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sojourn/internal/arn"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

const (
	defaultDuration    = time.Hour
	maxManagedPolicies = 10   // of a session
	maxSessionPolicy   = 2048 // characters, with the ARNs of the managed ones
)

// CreateProfile makes a profile, with AWS's default mappings.
func (s *Service) CreateProfile(ctx context.Context, c *principal.Caller, in *wire.CreateProfileInput) (*wire.CreateProfileOutput, error) {
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	now := s.now()
	p := store.AnywhereProfile{Account: c.Account, Region: s.region, ID: newID(), Name: value(in.Name), Enabled: value(in.Enabled), CreatedBy: c.ARN(),
		RoleARNs: in.RoleArns, ManagedPolicyARNs: in.ManagedPolicyArns, SessionPolicy: value(in.SessionPolicy), Duration: defaultDuration,
		RequireInstanceProperties: value(in.RequireInstanceProperties), AcceptRoleSessionName: value(in.AcceptRoleSessionName),
		Mappings: defaultMappings(), Created: now, Updated: now, Tags: tags}
	if in.DurationSeconds != nil {
		p.Duration = time.Duration(*in.DurationSeconds) * time.Second
	}
	if err := checkProfile(&p); err != nil {
		return nil, err
	}
	a := act{action: "CreateProfile", tags: tags, params: map[string]string{"name": p.Name, "profileId": p.ID}, passes: p.RoleARNs}
	err = s.write(ctx, c, a, func(tx store.Tx) error {
		all, err := tx.AnywhereProfiles(c.Account, s.region, store.Page{})
		if err == nil && len(all) >= maxProfiles {
			return full("profiles", maxProfiles)
		}
		if err != nil {
			return err
		}
		return tx.InsertAnywhereProfile(p)
	})
	if err != nil {
		return nil, err
	}
	return &wire.CreateProfileOutput{Profile: profileOut(p)}, nil
}

// checkProfile checks what the model leaves open.
func checkProfile(p *store.AnywhereProfile) error {
	for _, name := range p.RoleARNs {
		a, err := arn.Parse(name)
		if err != nil || a.Service != "iam" || a.Region != "" || a.Account != p.Account || !strings.HasPrefix(a.Resource, "role/") {
			return wire.NewValidation("roleArns: %s is not the ARN of a role in this account.", name)
		}
	}
	size := utf8.RuneCountInString(p.SessionPolicy)
	for _, name := range p.ManagedPolicyARNs {
		a, err := arn.Parse(name)
		if err != nil || a.Service != "iam" || a.Account != p.Account && a.Account != "aws" || !strings.HasPrefix(a.Resource, "policy/") {
			return wire.NewValidation("managedPolicyArns: %s is not the ARN of a policy that this account can use.", name)
		}
		size += len(name)
	}
	switch {
	case len(p.ManagedPolicyARNs) > maxManagedPolicies:
		return wire.NewValidation("managedPolicyArns: a session has no more than %d managed policies.", maxManagedPolicies)
	case size > maxSessionPolicy:
		return wire.NewValidation("The session policies have %d characters together; %d are allowed.", size, maxSessionPolicy)
	case p.SessionPolicy == "":
		return nil
	}
	if _, err := policy.Parse(policy.Session, p.SessionPolicy); err != nil {
		return wire.NewValidation("sessionPolicy: %s", err)
	}
	return nil
}

func profileOut(p store.AnywhereProfile) *wire.ProfileDetail {
	out := &wire.ProfileDetail{
		ProfileId: new(p.ID), ProfileArn: new(ref{p.Account, p.Region, profileKind, p.ID}.arn()), Name: new(p.Name), Enabled: new(p.Enabled),
		CreatedBy: new(p.CreatedBy), RoleArns: append([]string{}, p.RoleARNs...), ManagedPolicyArns: append([]string{}, p.ManagedPolicyARNs...),
		DurationSeconds:           new(int64(p.Duration / time.Second)),
		RequireInstanceProperties: new(p.RequireInstanceProperties), AcceptRoleSessionName: new(p.AcceptRoleSessionName),
		CreatedAt: new(p.Created), UpdatedAt: new(p.Updated), AttributeMappings: []wire.AttributeMapping{},
	}
	if p.SessionPolicy != "" {
		out.SessionPolicy = new(p.SessionPolicy)
	}
	for _, m := range p.Mappings {
		rules := []wire.MappingRule{}
		for _, spec := range m.Specifiers {
			rules = append(rules, wire.MappingRule{Specifier: new(spec)})
		}
		out.AttributeMappings = append(out.AttributeMappings, wire.AttributeMapping{CertificateField: new(m.Field), MappingRules: rules})
	}
	return out
}

// profile runs one operation on a profile, and writes what change changes.
func (s *Service) profile(ctx context.Context, c *principal.Caller, a act, id *string, change func(*store.AnywhereProfile) error) (*wire.ProfileDetail, error) {
	a.on = s.ref(c.Account, profileKind, id)
	run := s.read
	if change != nil {
		run = s.write
	}
	var p store.AnywhereProfile
	err := run(ctx, c, a, func(tx store.Tx) (err error) {
		p, err = tx.AnywhereProfile(a.on.account, a.on.region, a.on.id)
		if err != nil || change == nil {
			return err
		}
		p.Updated = s.now()
		if err := change(&p); err != nil {
			return err
		}
		return tx.UpdateAnywhereProfile(p)
	})
	if err != nil {
		return nil, err
	}
	return profileOut(p), nil
}

// GetProfile describes a profile.
func (s *Service) GetProfile(ctx context.Context, c *principal.Caller, in *wire.GetProfileInput) (*wire.GetProfileOutput, error) {
	p, err := s.profile(ctx, c, act{action: "GetProfile"}, in.ProfileId, nil)
	return &wire.GetProfileOutput{Profile: p}, err
}

// UpdateProfile changes what is given.
func (s *Service) UpdateProfile(ctx context.Context, c *principal.Caller, in *wire.UpdateProfileInput) (*wire.UpdateProfileOutput, error) {
	p, err := s.profile(ctx, c, act{action: "UpdateProfile", passes: in.RoleArns}, in.ProfileId, func(p *store.AnywhereProfile) error {
		set(&p.Name, in.Name)
		set(&p.SessionPolicy, in.SessionPolicy)
		set(&p.AcceptRoleSessionName, in.AcceptRoleSessionName)
		if in.RoleArns != nil {
			p.RoleARNs = in.RoleArns
		}
		if in.ManagedPolicyArns != nil {
			p.ManagedPolicyARNs = in.ManagedPolicyArns
		}
		if in.DurationSeconds != nil {
			p.Duration = time.Duration(*in.DurationSeconds) * time.Second
		}
		return checkProfile(p)
	})
	return &wire.UpdateProfileOutput{Profile: p}, err
}

// EnableProfile lets sessions be asked for by a profile.
func (s *Service) EnableProfile(ctx context.Context, c *principal.Caller, in *wire.EnableProfileInput) (*wire.EnableProfileOutput, error) {
	p, err := s.profile(ctx, c, act{action: "EnableProfile"}, in.ProfileId, func(p *store.AnywhereProfile) error { p.Enabled = true; return nil })
	return &wire.EnableProfileOutput{Profile: p}, err
}

// DisableProfile ends that.
func (s *Service) DisableProfile(ctx context.Context, c *principal.Caller, in *wire.DisableProfileInput) (*wire.DisableProfileOutput, error) {
	p, err := s.profile(ctx, c, act{action: "DisableProfile"}, in.ProfileId, func(p *store.AnywhereProfile) error { p.Enabled = false; return nil })
	return &wire.DisableProfileOutput{Profile: p}, err
}

// PutAttributeMapping adds specifiers to a field's mapping.
func (s *Service) PutAttributeMapping(ctx context.Context, c *principal.Caller, in *wire.PutAttributeMappingInput) (*wire.PutAttributeMappingOutput, error) {
	field := value(in.CertificateField)
	for _, r := range in.MappingRules {
		if !isSpecifier(field, value(r.Specifier)) {
			return nil, wire.NewValidation("%q specifies nothing of %s.", value(r.Specifier), field)
		}
	}
	p, err := s.profile(ctx, c, act{action: "PutAttributeMapping"}, in.ProfileId, func(p *store.AnywhereProfile) error {
		i := slices.IndexFunc(p.Mappings, func(m store.AttributeMapping) bool { return m.Field == field })
		if i < 0 {
			p.Mappings, i = append(p.Mappings, store.AttributeMapping{Field: field}), len(p.Mappings)
		}
		m := &p.Mappings[i]
		for _, r := range in.MappingRules {
			if !slices.Contains(m.Specifiers, *r.Specifier) {
				m.Specifiers = append(m.Specifiers, *r.Specifier)
			}
		}
		if len(m.Specifiers) > maxSpecifiers {
			return full("mapping rules of a field", maxSpecifiers)
		}
		return nil
	})
	return &wire.PutAttributeMappingOutput{Profile: p}, err
}

// DeleteAttributeMapping removes specifiers from a field's mapping, or without
// any the mapping.
func (s *Service) DeleteAttributeMapping(ctx context.Context, c *principal.Caller, in *wire.DeleteAttributeMappingInput) (*wire.DeleteAttributeMappingOutput, error) {
	field := value(in.CertificateField)
	p, err := s.profile(ctx, c, act{action: "DeleteAttributeMapping"}, in.ProfileId, func(p *store.AnywhereProfile) error {
		i := slices.IndexFunc(p.Mappings, func(m store.AttributeMapping) bool { return m.Field == field })
		if i < 0 {
			return nil
		}
		m := &p.Mappings[i]
		m.Specifiers = slices.DeleteFunc(m.Specifiers, func(spec string) bool { return slices.Contains(in.Specifiers, spec) })
		if len(in.Specifiers) == 0 || len(m.Specifiers) == 0 {
			p.Mappings = slices.Delete(p.Mappings, i, i+1)
		}
		return nil
	})
	return &wire.DeleteAttributeMappingOutput{Profile: p}, err
}

// DeleteProfile removes a profile.
func (s *Service) DeleteProfile(ctx context.Context, c *principal.Caller, in *wire.DeleteProfileInput) (*wire.DeleteProfileOutput, error) {
	on := s.ref(c.Account, profileKind, in.ProfileId)
	var p store.AnywhereProfile
	err := s.write(ctx, c, act{action: "DeleteProfile", on: on}, func(tx store.Tx) (err error) {
		if p, err = tx.AnywhereProfile(on.account, on.region, on.id); err == nil {
			err = tx.DeleteAnywhereProfile(on.account, on.region, on.id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &wire.DeleteProfileOutput{Profile: profileOut(p)}, nil
}

// ListProfiles lists the account's profiles of the region.
func (s *Service) ListProfiles(ctx context.Context, c *principal.Caller, in *wire.ListProfilesInput) (*wire.ListProfilesOutput, error) {
	p, err := window(in.NextToken, in.PageSize, maxPage)
	if err != nil {
		return nil, err
	}
	out := &wire.ListProfilesOutput{}
	err = s.read(ctx, c, act{action: "ListProfiles"}, func(tx store.Tx) error {
		all, err := tx.AnywhereProfiles(c.Account, s.region, p)
		all, out.NextToken = cut(all, p, func(p store.AnywhereProfile) string { return p.ID })
		for _, p := range all {
			out.Profiles = append(out.Profiles, *profileOut(p))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
