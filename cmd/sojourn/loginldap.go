package main

import (
	"context"
	"fmt"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/signin"
)

// opLDAP is an extension of Sojourn's STS.
const opLDAP = "AssumeRoleWithLDAPIdentity"

// ldap signs in with a directory's password, and a code of an MFA device where
// the profile has one.
func (l *login) ldap(ctx context.Context) error {
	directory, user := l.setting(l.f.directory, signin.KeyDirectory), l.setting(l.f.user, signin.KeyUser)
	serial := l.setting(l.f.mfaSerial, signin.KeyMFASerial)
	candidates := l.candidates()
	if len(candidates) == 0 {
		return usagef("login: --role-arn is missing: a directory does not say which roles there are")
	}
	ask := prompt.Prompter{Env: l.files.Env}.Ask
	var err error
	if user == "" {
		if user, err = ask(ctx, "User name: "); err != nil {
			return fmt.Errorf("asking for the user name: %w; give --user", err)
		}
	}
	role, err := l.choose(ctx, candidates)
	if err != nil {
		return err
	}
	in := apicall.Input{"RoleArn": role, "DirectoryArn": directory, "UserName": user}
	if in["Password"], err = passwords[opLDAP].get(ctx, l.app, l.f.passwordFile, in); err != nil {
		return err
	}
	if serial != "" {
		code, err := ask(ctx, "Enter MFA code for "+plain(serial)+": ")
		if err != nil {
			return fmt.Errorf("an MFA code of %s is needed: %w", serial, err)
		}
		in["SerialNumber"], in["TokenCode"] = serial, code
	}
	s, err := l.assume(ctx, opLDAP, in)
	if err != nil {
		return err
	}
	set := settingsOf(signin.KeyMethod, signin.MethodDirectory, signin.KeyDirectory, directory, signin.KeyUser, user, signin.KeyMFASerial, serial, signin.KeyRole, role)
	if err := l.files.SaveSession(ctx, l.name, s, append(set, l.beside()...)); err != nil {
		return err
	}
	return l.done(s, s.Expires)
}
