package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/prompt"
	"sojourn/internal/client/signin"
	"sojourn/internal/secret"
	"sojourn/internal/wire/stswire"
)

// opLDAP is an extension of Sojourn's STS.
const opLDAP = "AssumeRoleWithLDAPIdentity"

// ldap signs in with a directory's password, and a code of an MFA device where
// the profile has one.
func (l *login) ldap(ctx context.Context) error {
	if stswire.Service.Operations[opLDAP] == nil {
		return errors.New("this build knows no sign-in at directories")
	}
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
	password, err := l.password(ctx, user)
	if err != nil {
		return err
	}
	in := apicall.Input{"RoleArn": role, "DirectoryArn": directory, "UserName": user, "Password": password.Reveal()}
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

// password asks for a password without showing it. Where standard input is no
// terminal its first line is the password.
func (l *login) password(ctx context.Context, user string) (secret.String, error) {
	if !isTerminal(l.stdin) {
		text, err := l.pasteLine(ctx)
		if err != nil {
			return secret.String{}, fmt.Errorf("reading the password from standard input: %w", err)
		}
		return secret.New(text), nil
	}
	fmt.Fprintf(l.stderr, "Password of %s: ", plain(user))
	text, err := term.ReadPassword(int(l.stdin.(*os.File).Fd()))
	fmt.Fprintln(l.stderr)
	if password := strings.TrimRight(string(text), "\r\n"); err == nil && password != "" {
		return secret.New(password), nil
	}
	return secret.String{}, errors.Join(errors.New("no password was typed"), err)
}
