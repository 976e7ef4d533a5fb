package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"sojourn/internal/client/export"
	"sojourn/internal/client/session"
)

// profileChain is the AWS CLI's variable, by which an export finds that a
// credential_process has started it for a profile that it is exporting already.
const profileChain = "_AWS_CLI_PROFILE_CHAIN"

// maxChain is how many exports may start one another, as in the AWS CLI.
const maxChain = 4

func runExportCredentials(ctx context.Context, a *app, args []string) error {
	var c clientFlags
	about := "Prints the credentials of a profile, as \"aws configure export-credentials\" does. What it prints is a secret. FORMAT is\n"
	for _, f := range export.Formats() {
		about += "  " + f[0] + strings.Repeat(" ", max(1, 15-len(f[0]))) + hang(f[1], 60, strings.Repeat(" ", 17)) + "\n"
	}
	flags := newFlags(a, "export-credentials [FLAGS]", about,
		"eval \"$(sojourn export-credentials --profile CodeAccess --format env)\"\n"+
			"aws configure set credential_process 'sojourn export-credentials --profile CodeAccess' --profile work")
	c.register(flags)
	c.registerEndpoint(flags)
	format := flags.String("format", export.DefaultFormat, "the `FORMAT`")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("export-credentials: unexpected argument %q", flags.Arg(0))
	}
	var names []string
	for _, f := range export.Formats() {
		names = append(names, f[0])
	}
	if !slices.Contains(names, *format) {
		return usagef("export-credentials: there is no format %q; %s", plain(*format), meant("--format ", *format, names, "want one of "+strings.Join(names, ", ")))
	}
	user, err := c.session(a)
	if err != nil {
		return err
	}
	if err := enterChain(a, user); err != nil {
		return err
	}
	cred, err := signer(ctx, user)
	if err != nil {
		return err
	}
	text, err := export.Format(*format, cred)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(a.stdout, text)
	return err
}

// enterChain refuses to export a profile that an export on the way here has
// begun with, and tells those that follow.
func enterChain(a *app, user *session.Session) error {
	var chain []string
	if text := a.getenv(profileChain); text != "" {
		chain = strings.Split(text, ",")
	}
	switch {
	case slices.Contains(chain, user.Name):
		return fmt.Errorf("the credential_process of profile %q exports that profile itself (%s); name another profile in it", user.Name, strings.Join(append(chain, user.Name), ", "))
	case len(chain) >= maxChain:
		return fmt.Errorf("exports start one another by credential_process more than %d deep (%s); name the first profile directly", maxChain, strings.Join(chain, ", "))
	}
	return os.Setenv(profileChain, strings.Join(append(chain, user.Name), ","))
}
