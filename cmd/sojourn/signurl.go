package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"sojourn/internal/client/remotehelper"
	"sojourn/internal/remoteurl"
)

func runSignURL(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "sign-url URL",
		"Prints the signed HTTPS URL of a codecommit:// URL, with user name and password in it, for tools that\n"+
			"know no remote helper. What it prints is a secret for about 15 minutes.",
		`pip install "git+$(sojourn sign-url codecommit://CodeAccess@MyDemoRepo)"`)
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return usagef("sign-url: want one URL, such as codecommit://PROFILE@REPOSITORY")
	}
	u, err := remoteurl.ParseRemote(flags.Arg(0))
	if err != nil {
		return err
	}
	t, err := remotehelper.Open(ctx, u, a.env(), time.Now)
	if err != nil {
		return err
	}
	scheme, rest, _ := strings.Cut(t.URL, "://")
	fmt.Fprintf(a.stdout, "%s://%s:%s@%s\n", scheme, escape(t.User), escape(t.Password.Reveal()), rest)
	fmt.Fprintf(a.stderr, "sojourn: this URL is a secret until %s: it opens the repository to whoever has it\n", t.Expires.UTC().Format(time.RFC3339))
	return nil
}

// escape percent-encodes all but the unreserved characters.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
