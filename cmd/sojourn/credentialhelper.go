package main

import (
	"context"
	"errors"
	"time"

	"sojourn/internal/client/credentialhelper"
	"sojourn/internal/client/session"
)

func runCredentialHelper(ctx context.Context, a *app, args []string) error {
	var c clientFlags
	flags := newFlags(a, "credential-helper [FLAGS] get|store|erase",
		"A credential helper for git with the flags of \"aws codecommit credential-helper\": it signs for\n"+
			"CodeCommit's hosts and for the server that the configuration names. It keeps no password, so\n"+
			"store does nothing; erase forgets the session behind a password that was refused. \"git-remote-codecommit credential-helper\" is the same and starts faster.",
		"git config --global credential.https://git.example.com:8443.helper '!sojourn credential-helper --profile CodeAccess $@'\n"+
			"git config --global credential.https://git.example.com:8443.useHttpPath true")
	c.register(flags)
	anyHost := flags.Bool("ignore-host-check", false, "answer for every host")
	operation, err := credentialhelper.Operation(flags, args, func(args []string) error { return parseFlags(flags, args) })
	if err != nil {
		return err
	}
	command := credentialhelper.Command{Env: a.env(), Now: time.Now, Stdin: a.stdin, Stdout: a.stdout}
	err = command.Perform(ctx, operation, *anyHost, func() (*session.Session, error) { return c.session(a) })
	if wrong, ok := errors.AsType[credentialhelper.Usage](err); ok {
		return usagef("%s", wrong)
	}
	return err
}
