package main

import (
	"context"
	"strings"
	"time"

	"sojourn/internal/client/credentialhelper"
)

func runCredentialHelper(ctx context.Context, a *app, args []string) error {
	var c clientFlags
	flags := newFlags(a, "credential-helper [FLAGS] get|store|erase",
		"A credential helper for git with the flags of \"aws codecommit credential-helper\": it signs for\n"+
			"CodeCommit's hosts and for the server that the configuration names. It keeps nothing, so store\n"+
			"and erase do nothing.",
		"git config --global credential.https://git.example.com:8443.helper '!sojourn credential-helper --profile CodeAccess $@'\n"+
			"git config --global credential.https://git.example.com:8443.useHttpPath true")
	c.register(flags)
	anyHost := flags.Bool("ignore-host-check", false, "answer for every host")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	operation := flags.Arg(0)
	if flags.NArg() > 1 { // flags behind the operation, which the AWS CLI takes, too
		if err := parseFlags(flags, flags.Args()[1:]); err != nil {
			return err
		}
		operation = strings.TrimSpace(operation + " " + strings.Join(flags.Args(), " "))
	}
	switch {
	case operation == "":
		return usagef("credential-helper: want get, store or erase")
	case operation == "store" || operation == "erase":
		return nil
	case operation != "get":
		return usagef("credential-helper: there is no operation %q; want get, store or erase", operation)
	}
	s, err := c.session(a)
	if err != nil {
		return err
	}
	return credentialhelper.Helper{Session: s, Now: time.Now, AnyHost: *anyHost}.Get(ctx, a.stdin, a.stdout)
}
