package iam

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// neverUsed stands in place of a service and a region.
const neverUsed = "N/A"

// GetAccessKeyLastUsed tells whose a key is and when, where and for what it was
// used last. As on AWS an unknown key and one of another account are AccessDenied.
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, c *principal.Caller, in *iamwire.GetAccessKeyLastUsedInput) (*iamwire.GetAccessKeyLastUsedOutput, error) {
	id := or(in.AccessKeyId, "")
	a := act{action: "iam:GetAccessKeyLastUsed", params: map[string]string{"accessKeyId": id}}
	a.locate = func(tx store.Tx) (subject, error) {
		_, u, err := keyAndUser(tx, c.Account, id)
		if errors.Is(err, store.ErrNotFound) {
			return subject{arn: arn.IAM(c.Account, "user/*")}, nil
		}
		e := ofUser(u)
		return subject{arn: e.arn, tags: e.tags, boundary: e.boundary}, err
	}
	out := &iamwire.GetAccessKeyLastUsedOutput{}
	err := s.read(ctx, c, a, func(tx store.Tx) error {
		k, u, err := keyAndUser(tx, c.Account, id)
		if errors.Is(err, store.ErrNotFound) {
			return awserr.Denied("User: %s is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key %s", c.ARN(), id)
		}
		out.UserName, out.AccessKeyLastUsed = new(u.Name), keyLastUsed(k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func keyAndUser(tx store.Tx, account, id string) (store.AccessKey, store.User, error) {
	k, err := tx.AccessKey(id)
	if err == nil && k.Account != account {
		err = store.ErrNotFound
	}
	if err != nil {
		return k, store.User{}, err
	}
	u, err := tx.UserByID(k.UserID)
	return k, u, err
}

func keyLastUsed(k store.AccessKey) *iamwire.AccessKeyLastUsed {
	if k.LastUsed.IsZero() {
		return &iamwire.AccessKeyLastUsed{ServiceName: new(neverUsed), Region: new(neverUsed)}
	}
	return &iamwire.AccessKeyLastUsed{LastUsedDate: new(k.LastUsed.Truncate(time.Second)), ServiceName: new(k.LastService), Region: new(k.LastRegion)}
}

// roleLastUsed tells when and where a role was last used; it is empty for never.
func roleLastUsed(tx store.Tx, id string) (*iamwire.RoleLastUsed, error) {
	u, err := tx.RoleLastUse(id)
	if err != nil {
		return nil, fmt.Errorf("last use of role %q: %w", id, err)
	}
	if u.At.IsZero() {
		return &iamwire.RoleLastUsed{}, nil
	}
	return &iamwire.RoleLastUsed{LastUsedDate: new(u.At.Truncate(time.Second)), Region: new(u.Region)}, nil
}
