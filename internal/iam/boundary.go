package iam

import (
	"errors"
	"fmt"

	"sojourn/internal/arn"
	"sojourn/internal/iam/identity"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// checkBoundary refuses a permissions boundary that is not a policy of the
// account or of AWS. "" is no boundary.
func checkBoundary(tx store.Tx, account, boundary string) error {
	if boundary == "" {
		return nil
	}
	a, err := arn.Parse(boundary)
	if err != nil {
		return badARN()
	}
	if a.Account == account || a.Account == "aws" {
		_, err = identity.PolicyByARN(tx, boundary)
	} else {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return iamwire.NewNoSuchEntity("Scope ARN: %s does not exist or is not attachable.", boundary)
	}
	if err != nil {
		return fmt.Errorf("permissions boundary %q: %w", boundary, err)
	}
	return nil
}

func boundaryOut(boundary string) *iamwire.AttachedPermissionsBoundary {
	if boundary == "" {
		return nil
	}
	return &iamwire.AttachedPermissionsBoundary{PermissionsBoundaryType: new(boundaryTypeName), PermissionsBoundaryArn: new(boundary)}
}

// boundaryUse counts the users and roles of an account by their boundary.
func boundaryUse(tx store.Tx, account string) (map[string]int64, error) {
	use := make(map[string]int64)
	us, err := tx.Users(account, store.Page{})
	if err != nil {
		return nil, fmt.Errorf("counting permissions boundaries of users: %w", err)
	}
	for _, u := range us {
		use[u.Boundary]++
	}
	rs, err := tx.Roles(account, store.Page{})
	if err != nil {
		return nil, fmt.Errorf("counting permissions boundaries of roles: %w", err)
	}
	for _, r := range rs {
		use[r.Boundary]++
	}
	return use, nil
}
