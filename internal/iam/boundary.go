package iam

import (
	"fmt"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// checkBoundary refuses a permissions boundary that is not a policy of the
// account or of AWS. "" is no boundary.
func checkBoundary(tx store.Tx, account, boundary string) error {
	if boundary == "" {
		return nil
	}
	ref, err := parsePolicyARN(&boundary)
	if err != nil {
		return err
	}
	return ref.bounding(tx, account)
}

// bounding refuses a policy that cannot be a permissions boundary in account.
func (r policyRef) bounding(tx store.Tx, account string) error {
	err := r.attachable(tx, account)
	if awserr.Is(err, iamwire.ErrNoSuchEntity) {
		return iamwire.NewNoSuchEntity("Scope ARN: %s does not exist or is not attachable.", r.arn)
	}
	return err
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
