package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"sojourn/internal/node"
)

func adminRevoke(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin revoke --data DIR (--role|--user|--account|--provider|--directory|--access-key) WHAT [FLAGS]",
		"Ends sessions before their time, whether the server runs or not. When the command\nreturns, no server on this data takes them any more. Sessions that begin later are good.",
		"sojourn admin revoke --data /var/lib/sojourn --role CodeCommitAccess --reason \"laptop stolen, INC-42\"\nsojourn admin revoke list --data /var/lib/sojourn\nsojourn admin revoke undo --data /var/lib/sojourn --id REVO…")
	var what node.RevokeWhat
	flags.StringVar(&what.Role, "role", "", "sessions of a role, by `NAME`, ARN or unique id")
	flags.StringVar(&what.User, "user", "", "sessions of a user and of those it vouches for, by `NAME`, ARN or unique id")
	flags.StringVar(&what.Account, "account", "", "all sessions in an account, by `ID`; beside another flag, the account that one is of")
	flags.StringVar(&what.Provider, "provider", "", "sessions that an identity provider has signed in, by `ARN`, URL or SAML provider's name")
	flags.StringVar(&what.Directory, "directory", "", "sessions that an LDAP directory has signed in, by `ID` or name")
	flags.StringVar(&what.AccessKey, "access-key", "", "one session, by its access key's `ID` (ASIA…), or a user's key (AKIA…), which becomes inactive")
	flags.StringVar(&what.Reason, "reason", "", "`TEXT` for the audit log and the list")
	before := flags.String("before", "", "only sessions that were issued at or before this `TIME` (2026-11-24T12:00:00Z)")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) (err error) {
		if *before != "" {
			if what.Before, err = time.Parse(time.RFC3339, *before); err != nil {
				return usagef("before %q: want the form of 2026-11-24T12:00:00Z", *before)
			}
		}
		r, err := admin.Revoke(ctx, what, time.Now())
		if err != nil {
			return err
		}
		if err := admin.AwaitKnown(ctx); err != nil {
			return err
		}
		switch {
		case r.ID == "":
			fmt.Fprintf(a.stdout, "access key %s is inactive\n", r.Name)
		case what.AccessKey != "":
			fmt.Fprintf(a.stdout, "%s: access key %s is revoked\n", r.ID, r.Name)
		default:
			fmt.Fprintf(a.stdout, "%s: %s %s: sessions issued at or before %s are revoked\n", r.ID, r.Kind, r.Name, r.Before.Format(time.RFC3339))
		}
		for _, note := range r.Notes {
			fmt.Fprintln(a.stderr, note)
		}
		return nil
	})
}

func adminRevokeList(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin revoke list --data DIR", "Lists the revocations that can still end something: id, what, issued at or before, when and by\nwhom it was made, until when it is kept, reason.",
		"sojourn admin revoke list --data /var/lib/sojourn")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		list, err := admin.Revocations(ctx, time.Now())
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, r := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.Name, r.Before.Format(time.RFC3339),
				r.Made.Format(time.RFC3339), r.By, r.Until.Format(time.RFC3339), r.Reason)
		}
		return t.Flush()
	})
}

func adminRevokeUndo(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin revoke undo --data DIR --id ID", "Takes a revocation back that was a mistake. Sessions that it alone had ended are good again until\nthey end by themselves. A user's access key is made active again by \"aws iam update-access-key\".",
		"sojourn admin revoke undo --data /var/lib/sojourn --id REVOABCDEFGHIJKLMNOPQ")
	id := flags.String("id", "", "the revocation's `ID`, as \"sojourn admin revoke list\" shows it")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		if err := admin.UndoRevocation(ctx, *id, time.Now()); err != nil {
			return err
		}
		return admin.AwaitKnown(ctx)
	})
}
