package iam

import (
	"errors"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/iam/identity"
	"sojourn/internal/store"
)

// resolvePrincipal returns the unique id behind an AWS principal of a trust
// policy. It is "" for what is compared by name: an account or a session.
// ErrNotFound says that no such principal exists.
//
// An account need not exist on this server, so that trust can be set up before
// the account is; users and roles must.
func resolvePrincipal(tx store.Tx, name string) (id string, err error) {
	switch {
	case strings.HasPrefix(name, "AIDA"):
		u, err := tx.UserByID(name)
		return u.ID, err
	case strings.HasPrefix(name, "AROA"):
		r, err := tx.RoleByID(name)
		return r.ID, err
	}
	a, err := arn.Parse(name)
	if err != nil || a.Partition != "aws" || a.Region != "" || !arn.IsAccount(a.Account) {
		return "", store.ErrNotFound
	}
	sort, rest, _ := strings.Cut(a.Resource, "/")
	switch a.Service + ":" + sort {
	case "iam:root":
		return "", absentUnless(rest == "")
	case "iam:user":
		u, err := tx.User(a.Account, base(rest))
		return exactly(u.ID, identity.UserARN(u), name, err)
	case "iam:role":
		r, err := tx.Role(a.Account, base(rest))
		return exactly(r.ID, identity.RoleARN(r), name, err)
	case "sts:assumed-role":
		role, _, _ := strings.Cut(rest, "/")
		r, err := tx.Role(a.Account, role)
		_, err = exactly(r.ID, r.Name, role, err)
		return "", err
	case "sts:federated-user":
		_, err := tx.Account(a.Account)
		return "", errors.Join(err, absentUnless(rest != "" && !strings.Contains(rest, "/")))
	}
	return "", store.ErrNotFound
}

// exactly refuses an entity that was found under one spelling of its name but
// is called otherwise: by its path or by the case of its letters.
func exactly(id, is, want string, err error) (string, error) {
	if err == nil {
		err = absentUnless(is == want)
	}
	return id, err
}

func absentUnless(ok bool) error {
	if ok {
		return nil
	}
	return store.ErrNotFound
}

// base is what follows the last slash: an entity's name after its path.
func base(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
