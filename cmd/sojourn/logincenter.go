package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/session"
	"sojourn/internal/client/signin"
	"sojourn/internal/secret"
)

// inCenter reports whether a profile says that it signs in by IAM Identity Center.
func inCenter(p *config.Profile) bool {
	return p.Value("sso_session") != "" || p.Value("sso_start_url") != ""
}

// inCenter: what the command line says about another way goes before.
func (f *loginFlags) inCenter(p *config.Profile) bool {
	return inCenter(p) && p.Value(signin.KeyMethod) == "" && f.issuer+f.samlURL+f.response+f.directory == ""
}

// centerOf is IAM Identity Center as a profile's settings have it.
func centerOf(user *session.Session) (signin.IdentityCenter, error) {
	at, err := credentials.CenterOf(user.Config, user.Profile)
	if err != nil {
		return signin.IdentityCenter{}, err
	}
	client, _, err := user.SSO(at.Region)
	scopes := strings.Join(strings.FieldsFunc(at.Scopes, func(r rune) bool { return r == ',' || r == ' ' }), " ")
	return signin.IdentityCenter{Client: client, Session: at.Session, StartURL: at.StartURL, Region: at.Region,
		Scopes: cmp.Or(scopes, signin.DefaultCenterScopes), Now: time.Now, Wait: wait}, err
}

// center signs in by IAM Identity Center. Of a profile that names no role the
// account and the role are chosen and written.
func (l *login) center(ctx context.Context) error {
	if err := l.f.noneForCenter(); err != nil {
		return err
	}
	i, err := centerOf(l.user)
	if err != nil {
		return err
	}
	var token secret.String
	if l.f.device || i.Session == "" { // the old form has no other way
		token, err = i.Device(ctx, l.tell, l.files.Env)
	} else {
		token, err = i.Browser(ctx, l.browse(true), l.files.Env)
	}
	if err != nil {
		return err
	}
	account, role := l.profile.Value("sso_account_id"), l.profile.Value("sso_role_name")
	if account == "" || role == "" {
		if account, role, err = l.centerRole(ctx, i, token, account); err != nil {
			return err
		}
		set := settingsOf("sso_account_id", account, "sso_role_name", role)
		if err := l.user.Config.Apply(l.name, append(set, l.beside()...), nil); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(l.stdout, "Signed in at %s: role %s of account %s.\nNow, for example: git clone codecommit://%s@REPOSITORY\n",
		plain(i.StartURL), plain(role), plain(account), l.name)
	return err
}

// noneForCenter refuses flags that mean nothing there.
func (f *loginFlags) noneForCenter() error {
	if len(f.roles) > 0 || f.remember || f.duration > 0 || f.sessionName != "" {
		return usagef("login: the profile signs in by IAM Identity Center, which has its own roles and renews by itself; leave --role-arn, --role-session-name, --remember and --duration-seconds out")
	}
	return nil
}

// centerRole lets the user choose among the roles of all accounts, or of the one that the profile names.
func (l *login) centerRole(ctx context.Context, i signin.IdentityCenter, token secret.String, only string) (account, role string, err error) {
	accounts, err := i.Client.Accounts(ctx, token)
	if err != nil {
		return "", "", err
	}
	var names []string
	at := map[string][2]string{}
	for _, a := range accounts {
		if only != "" && a.AccountID != only {
			continue
		}
		roles, err := i.Client.Roles(ctx, token, a.AccountID)
		if err != nil {
			return "", "", err
		}
		for _, r := range roles {
			name := fmt.Sprintf("%s in %s (%s)", r, a.AccountID, a.AccountName)
			names, at[name] = append(names, name), [2]string{a.AccountID, r}
		}
	}
	if len(names) == 0 {
		return "", "", errors.New("IAM Identity Center offers you no role; ask an administrator to assign one")
	}
	slices.Sort(names)
	name, err := l.choose(ctx, names)
	if err != nil && len(names) > 1 {
		err = fmt.Errorf("%w, or set sso_account_id and sso_role_name", err)
	}
	return at[name][0], at[name][1], err
}
