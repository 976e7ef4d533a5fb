package iam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

// AccessKeyLabel is the label that the secrets of access keys are sealed under.
const AccessKeyLabel = "access-key"

// CreateAccessKey makes a long-term key and shows its secret, this once.
func (s *Service) CreateAccessKey(ctx context.Context, c *principal.Caller, in *iamwire.CreateAccessKeyInput) (*iamwire.CreateAccessKeyOutput, error) {
	ref, err := whose(c, in.UserName)
	if err != nil {
		return nil, err
	}
	secret := newSecret()
	k := store.AccessKey{ID: seal.NewAccessKeyID("AKIA", c.Account), Account: c.Account,
		Status: iamwire.StatusTypeActive, Created: s.now()}
	k.Secret = s.keys.SealSecret(AccessKeyLabel, k.ID, []byte(secret))
	out := &iamwire.CreateAccessKeyOutput{}
	err = s.write(ctx, c, ref.act("iam:CreateAccessKey"), func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		k.UserID = u.ID
		out.AccessKey = &iamwire.AccessKey{UserName: new(u.Name), AccessKeyId: new(k.ID), Status: new(k.Status),
			SecretAccessKey: new(secret), CreateDate: new(k.Created)}
		return insertKey(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func insertKey(tx store.Tx, k store.AccessKey) error {
	keys, err := tx.AccessKeys(k.UserID)
	if err != nil {
		return fmt.Errorf("access keys of user %q: %w", k.UserID, err)
	}
	if err := full(len(keys), accessKeysQuota, "AccessKeysPerUser"); err != nil {
		return err
	}
	if err := tx.InsertAccessKey(k); err != nil {
		return fmt.Errorf("inserting access key %q: %w", k.ID, err)
	}
	return nil
}

// newSecret is 40 characters of base64, as AWS's own.
func newSecret() string {
	b := make([]byte, 30)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

// ListAccessKeys lists a user's keys, without secrets.
func (s *Service) ListAccessKeys(ctx context.Context, c *principal.Caller, in *iamwire.ListAccessKeysInput) (*iamwire.ListAccessKeysOutput, error) {
	ref, err := whose(c, in.UserName)
	if err != nil {
		return nil, err
	}
	w, err := newWindow("ListAccessKeys", in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iamwire.ListAccessKeysOutput{}
	err = s.read(ctx, c, ref.act("iam:ListAccessKeys"), func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		keys, err := tx.AccessKeys(u.ID)
		p := slice(w, keys, func(k store.AccessKey) string { return k.Created.Format(time.RFC3339) + k.ID })
		out.AccessKeyMetadata = keysOut(p.items, u.Name)
		out.IsTruncated, out.Marker = p.truncated, p.marker
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func keysOut(in []store.AccessKey, user string) []iamwire.AccessKeyMetadata {
	out := make([]iamwire.AccessKeyMetadata, 0, len(in))
	for _, k := range in {
		out = append(out, iamwire.AccessKeyMetadata{UserName: new(user), AccessKeyId: new(k.ID),
			Status: new(k.Status), CreateDate: new(k.Created)})
	}
	return out
}

// UpdateAccessKey sets a key Active or Inactive.
func (s *Service) UpdateAccessKey(ctx context.Context, c *principal.Caller, in *iamwire.UpdateAccessKeyInput) (*iamwire.UpdateAccessKeyOutput, error) {
	status := or(in.Status, "")
	if status != iamwire.StatusTypeActive && status != iamwire.StatusTypeInactive {
		return nil, iamwire.NewInvalidInput("The status of an access key can be set to Active or Inactive only.")
	}
	err := s.changeKey(ctx, c, "iam:UpdateAccessKey", in.UserName, in.AccessKeyId, func(tx store.Tx, k store.AccessKey) error {
		k.Status = status
		return tx.UpdateAccessKey(k)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.UpdateAccessKeyOutput{}, nil
}

// DeleteAccessKey deletes a key.
func (s *Service) DeleteAccessKey(ctx context.Context, c *principal.Caller, in *iamwire.DeleteAccessKeyInput) (*iamwire.DeleteAccessKeyOutput, error) {
	err := s.changeKey(ctx, c, "iam:DeleteAccessKey", in.UserName, in.AccessKeyId, func(tx store.Tx, k store.AccessKey) error {
		return tx.DeleteAccessKey(k.ID)
	})
	if err != nil {
		return nil, err
	}
	return &iamwire.DeleteAccessKeyOutput{}, nil
}

func (s *Service) changeKey(ctx context.Context, c *principal.Caller, action string, user, keyID *string,
	f func(store.Tx, store.AccessKey) error) error {
	ref, err := whose(c, user)
	if err != nil {
		return err
	}
	a := ref.act(action)
	a.params["accessKeyId"] = or(keyID, "")
	return s.write(ctx, c, a, func(tx store.Tx) error {
		u, err := ref.find(tx)
		if err != nil {
			return err
		}
		k, err := tx.AccessKey(or(keyID, ""))
		if err == nil && k.UserID != u.ID {
			err = store.ErrNotFound
		}
		if errors.Is(err, store.ErrNotFound) {
			return iamwire.NewNoSuchEntity("The Access Key with id %s cannot be found.", or(keyID, ""))
		}
		if err != nil {
			return fmt.Errorf("access key %q: %w", or(keyID, ""), err)
		}
		return f(tx, k)
	})
}
