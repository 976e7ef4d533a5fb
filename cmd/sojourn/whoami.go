package main

import (
	"context"
	"fmt"
	"time"
)

// runWhoami is the short form of "sojourn explain": one fact a line.
func runWhoami(ctx context.Context, a *app, args []string) error {
	f := explainFlags{format: "text"}
	flags := newFlags(a, "whoami [FLAGS]",
		"Asks the server who the credentials in use belong to, and says where they come from and how long they live. "+
			"Exit status 254 when the server does not take them.",
		"sojourn whoami --profile CodeAccess")
	f.clientFlags.register(flags)
	f.registerEndpoint(flags)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("whoami: unexpected argument %q", flags.Arg(0))
	}
	user, err := f.session(a)
	if err != nil {
		return err
	}
	id, err := f.whoAmI(ctx, user)
	if err != nil {
		return a.refused(err)
	}
	if *asJSON {
		f.format = "json"
	}
	text := fmt.Sprintf("%s\nprofile %s (%s), account %s, region %s, at %s\n", plain(id.Arn), plain(id.Profile), id.Method, plain(id.Account), plain(orNone(id.Region)), plain(id.Server))
	if id.Expires != nil {
		text += fmt.Sprintf("expires %s (%s)\n", id.Expires.UTC().Format(time.RFC3339), left(time.Until(*id.Expires)))
	} else {
		text += "no end is known here: " + id.Session + "\n"
	}
	return f.print(a, id, text)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// left says how much time is left, in the unit that matters.
func left(d time.Duration) string {
	switch {
	case d <= 0:
		return "over"
	case d < 2*time.Minute:
		return fmt.Sprintf("in %d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("in %d min", int(d.Minutes()))
	}
	return fmt.Sprintf("in %d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
