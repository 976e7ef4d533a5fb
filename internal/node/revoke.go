package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/arn"
	"sojourn/internal/authn"
	"sojourn/internal/federation/directory"
	"sojourn/internal/iam/identity"
	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// maxReason bounds the reason of a revocation, in characters.
const maxReason = 256

// RevokeWhat is what Admin.Revoke revokes. One of Role, User, Provider, Directory
// and AccessKey is set, or Account alone; beside the others Account says whose they are.
type RevokeWhat struct {
	Account   string
	Role      string // name, ARN or unique id
	User      string // the same
	Provider  string // ARN, URL of an OpenID Connect provider or name of a SAML provider; it need not be there any more
	Directory string // id or name of an LDAP directory; one that was deleted is a Provider by its ARN
	AccessKey string // of a session, or of a user

	Before time.Time // zero for all sessions that there are
	Reason string
}

// Revoked is what came of it.
type Revoked struct {
	store.Revocation          // its ID is "" where a long-term key was made inactive
	Notes            []string // what the administrator should know, a sentence each
}

// Revoke ends sessions that were issued at or before a time, or the use of one
// access key. Running servers know it within store.VersionAge.
func (a *Admin) Revoke(ctx context.Context, what RevokeWhat, now time.Time) (Revoked, error) {
	if err := what.check(now); err != nil {
		return Revoked{}, err
	}
	r, err := a.resolve(ctx, what)
	if err != nil {
		return Revoked{}, err
	}
	if strings.HasPrefix(what.AccessKey, "AKIA") {
		return r, a.deactivate(ctx, r, what.Reason, now)
	}
	r.ID, r.Made, r.By, r.Reason = seal.NewID("REVO"), now.UTC(), operator(), what.Reason
	if r.Before = what.Before.UTC(); what.Before.IsZero() {
		r.Before = r.Made.Add(authn.RevocationMargin)
	}
	r.Until = authn.RevokedUntil(r.Before)
	if !r.Until.After(now) {
		return r, fmt.Errorf("before %s: every session that was issued by then has ended", r.Before.Format(time.RFC3339))
	}
	if err := a.recordWith("Revoke", r.Account, r.Name, "", map[string]string{
		"revocation": r.ID, "kind": r.Kind, "subject": r.Subject, "before": r.Before.Format(time.RFC3339), "reason": r.Reason,
	}, now); err != nil {
		return r, err
	}
	return r, a.store.Update(ctx, func(tx store.Tx) error {
		if err := tx.DropRevocations(now); err != nil {
			return err
		}
		return tx.InsertRevocation(r.Revocation)
	})
}

func (w *RevokeWhat) check(now time.Time) error {
	given := 0
	for _, s := range []string{w.Role, w.User, w.Provider, w.Directory, w.AccessKey} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return errors.New("name one of role, user, provider, directory and access-key")
	case given == 0 && w.Account == "":
		return errors.New("name what is revoked: role, user, account, provider, directory or access-key")
	case w.AccessKey != "" && w.Account != "":
		return errors.New("access-key: leave out account; the key's id has it")
	case w.AccessKey != "" && !w.Before.IsZero():
		return errors.New("access-key: leave out before; a key is revoked whole")
	case w.Before.After(now):
		return fmt.Errorf("before %s: is in the future; sessions that are yet to come cannot be revoked", w.Before.Format(time.RFC3339))
	case len([]rune(w.Reason)) > maxReason || strings.ContainsFunc(w.Reason, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("reason: want at most %d characters in one line", maxReason)
	}
	return nil
}

// resolve finds the subject: its kind, account, id and name.
func (a *Admin) resolve(ctx context.Context, w RevokeWhat) (r Revoked, err error) {
	switch {
	case w.Role != "":
		return a.byName(ctx, w.Account, w.Role, store.RevokedRole)
	case w.User != "":
		return a.byName(ctx, w.Account, w.User, store.RevokedUser)
	case w.Provider != "":
		return a.provider(ctx, w.Account, w.Provider)
	case w.Directory != "":
		return a.directory(ctx, w.Account, w.Directory)
	case w.AccessKey != "":
		return a.accessKey(ctx, w.AccessKey)
	}
	if r.Account, err = a.account(ctx, w.Account); err != nil {
		return r, err
	}
	r.Kind, r.Subject, r.Name = store.RevokedAccount, r.Account, arn.IAM(r.Account, "root")
	return r, nil
}

// byName finds a role or a user of an account by name, ARN or unique id.
func (a *Admin) byName(ctx context.Context, account, name, kind string) (r Revoked, err error) {
	r.Kind = kind
	if parsed, err := arn.Parse(name); err == nil {
		if account != "" && account != parsed.Account {
			return r, fmt.Errorf("%s %q: is not of account %s", kind, name, account)
		}
		account = parsed.Account
	}
	if account, err = a.account(ctx, account); err != nil {
		return r, err
	}
	err = a.store.View(ctx, func(tx store.Tx) error {
		if kind == store.RevokedRole {
			return r.role(tx, account, name)
		}
		return r.user(tx, account, name)
	})
	if errors.Is(err, store.ErrNotFound) {
		return r, fmt.Errorf("%s %q: account %s has none; the sessions of one that was deleted have ended with it", kind, name, account)
	}
	return r, err
}

// lastName is the name at the end of an ARN, or the name itself.
func lastName(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

func (r *Revoked) role(tx store.Tx, account, name string) error {
	role, err := tx.RoleByID(name) // first, for a role may be given another's unique id as its name
	if errors.Is(err, store.ErrNotFound) {
		role, err = tx.Role(account, lastName(name))
	}
	r.Account, r.Subject, r.Name = account, role.ID, identity.RoleARN(role)
	if err == nil && (role.Account != account || strings.HasPrefix(name, "arn:") && r.Name != name) {
		err = store.ErrNotFound
	}
	if err == nil {
		r.Notes = append(r.Notes, "Sessions that the role's sessions have taken from other roles go on: revoke those roles as well (the audit log names them).")
	}
	return err
}

func (r *Revoked) user(tx store.Tx, account, name string) error {
	u, err := tx.UserByID(name)
	if errors.Is(err, store.ErrNotFound) {
		u, err = tx.User(account, lastName(name))
	}
	r.Account, r.Subject, r.Name = account, u.ID, arn.IAM(u.Account, "user"+u.Path+u.Name)
	if err != nil || u.Account != account || strings.HasPrefix(name, "arn:") && r.Name != name {
		if err == nil {
			err = store.ErrNotFound
		}
		return err
	}
	keys, err := tx.AccessKeys(u.ID)
	for _, k := range keys {
		if k.Status == "Active" {
			r.Notes = append(r.Notes, fmt.Sprintf("The user's access key %s stays active: \"sojourn admin revoke --access-key %s\" makes it inactive.", k.ID, k.ID))
		}
	}
	r.Notes = append(r.Notes, "Sessions that the user has taken from roles go on: revoke those roles as well (the audit log names them).")
	return err
}

// provider takes a provider as sessions name it: a SAML provider or a directory
// by its ARN, an OpenID Connect provider by its URL.
func (a *Admin) provider(ctx context.Context, account, name string) (r Revoked, err error) {
	r.Kind, r.Name = store.RevokedProvider, name
	parsed, notARN := arn.Parse(name)
	if notARN == nil {
		if account != "" && account != parsed.Account {
			return r, fmt.Errorf("provider %q: is not of account %s", name, account)
		}
		account = parsed.Account
	}
	if r.Account, err = a.account(ctx, account); err != nil {
		return r, err
	}
	url, isOIDC := strings.CutPrefix(parsed.Resource, "oidc-provider/")
	switch {
	case notARN == nil && parsed.Service == "iam" && isOIDC:
		r.Subject = url
	case notARN == nil && (parsed.Service == "iam" && strings.HasPrefix(parsed.Resource, "saml-provider/") ||
		parsed.Service == "ds" && strings.HasPrefix(parsed.Resource, "directory/")):
		r.Subject = name
	case notARN == nil:
		return r, fmt.Errorf("provider %q: is not the ARN of a SAML or OpenID Connect provider or of a directory", name)
	default:
		r.Subject = strings.TrimPrefix(name, "https://")
	}
	return r, a.store.View(ctx, func(tx store.Tx) error { return r.registered(tx, notARN != nil) })
}

// registered takes a bare name for a SAML provider's, if there is one, and says
// so where the provider is not registered.
func (r *Revoked) registered(tx store.Tx, bare bool) error {
	name, isSAML := strings.CutPrefix(r.Subject, arn.IAM(r.Account, "saml-provider/"))
	if bare {
		name = r.Subject
	}
	if bare || isSAML {
		_, err := tx.SAMLProvider(r.Account, name)
		if err == nil {
			r.Subject = arn.IAM(r.Account, "saml-provider/"+name)
			r.Name = r.Subject
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if _, err := tx.OIDCProvider(r.Account, r.Subject); err == nil || !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !strings.HasPrefix(r.Subject, "arn:aws:ds:") {
		r.Notes = append(r.Notes, fmt.Sprintf("No provider %q is registered in account %s now: check the spelling, unless it was deleted or is a built-in one.", r.Subject, r.Account))
	}
	return nil
}

// directory finds a directory by its id or its name.
func (a *Admin) directory(ctx context.Context, account, name string) (r Revoked, err error) {
	if r.Account, err = a.account(ctx, account); err != nil {
		return r, err
	}
	r.Kind = store.RevokedProvider
	return r, a.store.View(ctx, func(tx store.Tx) error {
		all, err := tx.Directories(r.Account)
		for _, d := range all {
			if d.ID == name || d.Name == name && r.Subject == "" { // an id wins over a name
				r.Subject, r.Name = directory.ARN(d), directory.ARN(d)
			}
			if d.ID == name {
				break
			}
		}
		if err == nil && r.Subject == "" {
			err = fmt.Errorf("directory %q: account %s has none; name one that was deleted by its ARN with --provider", name, r.Account)
		}
		return err
	})
}

// accessKey takes the id of a session's key as it is, and finds a user's.
func (a *Admin) accessKey(ctx context.Context, id string) (r Revoked, err error) {
	r.Kind, r.Subject, r.Name = store.RevokedKey, id, id
	account, ok := seal.AccountOf(id)
	switch {
	case strings.HasPrefix(id, "AKIA"):
		err = a.store.View(ctx, func(tx store.Tx) error {
			k, err := tx.AccessKey(id)
			r.Account = k.Account
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("access-key %q: there is none", id)
		}
		r.Notes = append(r.Notes, "Sessions that were got with the key go on until its user is revoked: \"sojourn admin revoke --user …\".")
		return r, err
	case !ok || !strings.HasPrefix(id, "ASIA"):
		return r, fmt.Errorf("access-key %q: is not the id of a session's key (ASIA…) or of a user's (AKIA…)", id)
	}
	r.Account, err = a.account(ctx, account)
	r.Notes = append(r.Notes, "Sessions that were got with this one go on: revoke their roles as well (the audit log names them).")
	return r, err
}

// deactivate makes a user's long-term key inactive. It does not end by itself,
// so it is no entry of a list that is emptied.
func (a *Admin) deactivate(ctx context.Context, r Revoked, reason string, now time.Time) error {
	if err := a.recordWith("DeactivateAccessKey", r.Account, r.Subject, "", map[string]string{"reason": reason}, now); err != nil {
		return err
	}
	return a.store.Update(ctx, func(tx store.Tx) error {
		k, err := tx.AccessKey(r.Subject)
		if err != nil {
			return err
		}
		k.Status = "Inactive"
		return tx.UpdateAccessKey(k)
	})
}

// Revocations lists what is revoked and may still be alive.
func (a *Admin) Revocations(ctx context.Context, now time.Time) (list []store.Revocation, err error) {
	err = a.store.View(ctx, func(tx store.Tx) error {
		all, err := tx.Revocations()
		for _, r := range all {
			if !r.Until.Before(now) {
				list = append(list, r)
			}
		}
		return err
	})
	return list, err
}

// UndoRevocation takes a revocation back. What it alone had ended, and has not
// ended by itself, is good again; what another one ends stays so.
func (a *Admin) UndoRevocation(ctx context.Context, id string, now time.Time) error {
	list, err := a.Revocations(ctx, now)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.ID != id {
			continue
		}
		if err := a.recordWith("UndoRevocation", r.Account, r.Name, "", map[string]string{"revocation": id}, now); err != nil {
			return err
		}
		return a.store.Update(ctx, func(tx store.Tx) error { return tx.DeleteRevocation(id) })
	}
	return fmt.Errorf("id %q: there is no such revocation; \"sojourn admin revoke list\" lists them", id)
}

// AwaitKnown returns when every server on this store knows what was committed before.
func (a *Admin) AwaitKnown(ctx context.Context) error {
	select {
	case <-time.After(store.VersionAge + 50*time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
