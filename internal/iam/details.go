package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/iam/identity"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// GetAccountAuthorizationDetails describes users, groups, roles and managed
// policies with everything that bears on them: one list, in this order, cut
// into pages. Of AWS's policies it has those that are in use.
func (s *Service) GetAccountAuthorizationDetails(ctx context.Context, c *principal.Caller, in *iamwire.GetAccountAuthorizationDetailsInput) (*iamwire.GetAccountAuthorizationDetailsOutput, error) {
	w, err := newWindow("GetAccountAuthorizationDetails", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	var out *iamwire.GetAccountAuthorizationDetailsOutput
	err = s.read(ctx, c, ofAccount("iam:GetAccountAuthorizationDetails", nil), func(tx store.Tx) error {
		all, err := detailsBehind(tx, c.Account, in.Filter, w)
		if err != nil {
			return err
		}
		p := cut(w, all, func(d detail) string { return d.key })
		out = &iamwire.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamwire.UserDetail{}, GroupDetailList: []iamwire.GroupDetail{},
			RoleDetailList: []iamwire.RoleDetail{}, Policies: []iamwire.ManagedPolicyDetail{}, IsTruncated: p.truncated, Marker: p.marker}
		return describe(tx, p.items, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// describer adds the description of one entity to an answer.
type describer func(store.Tx, *iamwire.GetAccountAuthorizationDetailsOutput) error

// detail is one entity of the list: key is its section and its name.
type detail struct {
	key string
	add describer
}

func describe(tx store.Tx, list []detail, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
	for _, d := range list {
		if err := d.add(tx, out); err != nil {
			return err
		}
	}
	return nil
}

// section is one sort of entity in the list.
type section struct {
	filter string
	list   func(tx store.Tx, account string, p store.Page) ([]detail, error) // keys are names
}

var sections = []section{
	{iamwire.EntityTypeUser, userDetails},
	{iamwire.EntityTypeGroup, groupDetails},
	{iamwire.EntityTypeRole, roleDetails},
	{iamwire.EntityTypeLocalManagedPolicy, localPolicyDetails},
	{iamwire.EntityTypeAWSManagedPolicy, awsPolicyDetails},
}

// detailsBehind collects what is wanted and behind the window's marker: one
// entity more than fits, as a page of the store has.
func detailsBehind(tx store.Tx, account string, filter []string, w window) ([]detail, error) {
	var out []detail
	for i, sec := range sections {
		prefix := fmt.Sprintf("%d/", i)
		after, here := strings.CutPrefix(w.after, prefix)
		if !here && prefix < w.after || len(filter) > 0 && !slices.Contains(filter, sec.filter) {
			continue
		}
		if !here {
			after = ""
		}
		left := w.limit + 1 - len(out)
		if left == 0 {
			break
		}
		list, err := sec.list(tx, account, store.Page{After: after, Limit: left})
		if err != nil {
			return nil, fmt.Errorf("listing %s of account %q: %w", sec.filter, account, err)
		}
		for _, d := range list {
			out = append(out, detail{prefix + d.key, d.add})
		}
	}
	return out, nil
}

func userDetails(tx store.Tx, account string, p store.Page) ([]detail, error) {
	all, err := tx.Users(account, p)
	return detailsOf(all, func(u store.User) string { return u.Name }, describeUser), err
}

func groupDetails(tx store.Tx, account string, p store.Page) ([]detail, error) {
	all, err := tx.Groups(account, p)
	return detailsOf(all, func(g store.Group) string { return g.Name }, describeGroup), err
}

func roleDetails(tx store.Tx, account string, p store.Page) ([]detail, error) {
	all, err := tx.Roles(account, p)
	return detailsOf(all, func(r store.Role) string { return r.Name }, describeRole), err
}

func localPolicyDetails(tx store.Tx, account string, p store.Page) ([]detail, error) {
	all, err := tx.Policies(account, p)
	if err != nil {
		return nil, err
	}
	use, err := boundaryUse(tx, account)
	return detailsOf(all, func(p store.Policy) string { return p.Name }, func(p store.Policy) describer {
		return func(tx store.Tx, out *iamwire.GetAccountAuthorizationDetailsOutput) error {
			shown, err := counted(tx, account, shownPolicy{Policy: p}, use)
			if err != nil {
				return err
			}
			return describePolicy(shown)(tx, out)
		}
	}), err
}

// awsPolicyDetails gives all behind the marker: they are few.
func awsPolicyDetails(tx store.Tx, account string, p store.Page) ([]detail, error) {
	use, err := boundaryUse(tx, account)
	if err != nil {
		return nil, err
	}
	var all []shownPolicy
	for _, m := range identity.ManagedPolicies() {
		shown, err := counted(tx, account, ofManaged(m), use)
		if err != nil {
			return nil, err
		}
		if fold(m.Name) > p.After && shown.attached+shown.bounding > 0 {
			all = append(all, shown)
		}
	}
	return detailsOf(all, func(p shownPolicy) string { return p.Name }, describePolicy), nil
}

func detailsOf[T any](in []T, name func(T) string, describe func(T) describer) []detail {
	out := make([]detail, 0, len(in))
	for _, v := range in {
		out = append(out, detail{fold(name(v)), describe(v)})
	}
	return out
}
