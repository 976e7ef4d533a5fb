package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"sojourn/internal/node"
)

func adminPage() page {
	return page{synopsis: "admin COMMAND --data DIR [FLAGS]",
		about: "Administers a data directory, beside a running server or without one. Whoever can read the directory is the administrator. " +
			"All else is done over the IAM, STS and CodeCommit APIs with the credentials that this gives.",
		wordsAre: "Commands",
		words: []row2{
			{"credentials", "print temporary credentials of an account's root, as credential_process JSON"},
			{"account create", "make an account"},
			{"account list", "list the accounts"},
			{"backup", "copy accounts, IAM and repositories while the server runs"},
			{"compact", "join small packs of repositories"},
			{"directory", "make, list, show, change, delete and test LDAP directories"},
			{"fsck", "check repositories against checksums and by git"},
			{"migrate", "move all data from the directory into PostgreSQL and S3, or back"},
			{"oidc-keys", "give or take back the keys of an identity provider that cannot be reached"},
			{"purge", "drop objects that no ref reaches, because a secret leaked"},
			{"restore", "make a data directory from a backup"},
			{"revoke", "end the sessions of a role, user, account or provider, or one access key"},
			{"revoke list", "list what is revoked"},
			{"revoke undo", "take a revocation back"},
			{"root-key", "change the key that seals sessions and secrets"},
		},
		more: "A profile that administers the server:\n" +
			"  [profile sojourn-admin]\n  credential_process = sojourn admin credentials --data /var/lib/sojourn\n  endpoint_url = https://localhost:8443",
		example: "sojourn admin credentials --data /var/lib/sojourn"}
}

// runAdmin runs a command. Root runs it as the user whose server keeps the data,
// which is found out before anything is done.
func runAdmin(ctx context.Context, a *app, args []string) error {
	noCore()
	err := runAdminCommand(ctx, a, args)
	other, ok := errors.AsType[*node.AnotherUsersError](err)
	if !ok {
		return err
	}
	if err := other.Become(); err != nil {
		return err
	}
	return runAdminCommand(ctx, a, args)
}

func runAdminCommand(ctx context.Context, a *app, args []string) error {
	if len(args) > 1 && args[0] == "account" && isHelp(args[1]) {
		args = args[1:]
	}
	args = twoWords(args)
	if len(args) == 0 {
		return usagef("admin: want a command; \"sojourn admin --help\" lists them")
	}
	switch args[0] {
	case "credentials":
		return adminCredentials(ctx, a, args[1:])
	case "account create":
		return adminAccountCreate(ctx, a, args[1:])
	case "account list":
		return adminAccountList(ctx, a, args[1:])
	case "backup":
		return adminBackup(ctx, a, args[1:])
	case "compact":
		return adminCompact(ctx, a, args[1:])
	case "fsck":
		return adminFsck(ctx, a, args[1:])
	case "migrate":
		return adminMigrate(ctx, a, args[1:])
	case "purge":
		return adminPurge(ctx, a, args[1:])
	case "restore":
		return adminRestore(ctx, a, args[1:])
	case "directory":
		return adminDirectory(ctx, a, args[1:])
	case "revoke":
		return adminRevoke(ctx, a, args[1:])
	case "revoke list":
		return adminRevokeList(ctx, a, args[1:])
	case "revoke undo":
		return adminRevokeUndo(ctx, a, args[1:])
	case "root-key":
		return adminRootKey(ctx, a, strings.Join(args[1:min(len(args), 2)], ""), args[min(len(args), 2):])
	case "oidc-keys":
		return adminOIDCKeys(ctx, a, args[1:])
	case "-h", "-help", "--help", "help":
		a.show(adminPage())
		return nil
	}
	return noWord("admin", args[0], adminPage().words)
}

// twoWords makes one word of the name of a command that has two.
func twoWords(args []string) []string {
	if len(args) > 1 && (args[0] == "account" || args[0] == "revoke") && !strings.HasPrefix(args[1], "-") {
		return append([]string{args[0] + " " + args[1]}, args[2:]...)
	}
	return args
}

// place is where the data of a server is whose directory is data: its stores are
// named in the environment alone, since an address may hold a password.
func (a *app) place(data string) node.Place {
	return node.Place{Data: data, Metadata: a.getenv(envName("metadata")), Objects: a.getenv(envName("objects")),
		RootKeys: a.getenv(envName("root-keys")), Getenv: a.getenv}
}

// withAdmin parses the flags, opens --data and runs f on it.
func withAdmin(ctx context.Context, a *app, flags *flag.FlagSet, args []string, f func(*node.Admin) error) error {
	data := flags.String("data", a.getenv(envName("data")), "`DIR` that the server keeps its data in")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return usagef("unexpected argument %q", flags.Arg(0))
	case *data == "":
		return usagef("data: the directory is missing; give --data DIR")
	}
	admin, err := a.place(*data).OpenAdmin(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(admin), admin.Close())
}

func adminCredentials(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin credentials --data DIR [FLAGS]",
		"Prints temporary credentials of an account's root in the form that credential_process\nin an AWS configuration file takes. What it prints is a secret.",
		"sojourn admin credentials --data /var/lib/sojourn --duration 15m")
	account := flags.String("account", "", "account `ID`; may be left out where there is one")
	life := flags.Duration("duration", time.Hour, "how long they live, 1s to 12h")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		c, err := admin.Credentials(ctx, *account, *life, time.Now())
		if err != nil {
			return err
		}
		out := json.NewEncoder(a.stdout)
		out.SetIndent("", "    ")
		return out.Encode(struct {
			Version                                    int
			AccessKeyId, SecretAccessKey, SessionToken string
			Expiration                                 string
		}{1, c.AccessKeyID, c.Secret.Reveal(), c.Token, c.Expires.UTC().Format(time.RFC3339)})
	})
}

func adminAccountCreate(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin account create --data DIR --id ID --name NAME", "Makes an account.",
		"sojourn admin account create --data /var/lib/sojourn --id 444455556666 --name research")
	id := flags.String("id", "", "12 digits")
	name := flags.String("name", "", "1 to 50 characters, for people")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		return admin.CreateAccount(ctx, *id, *name, time.Now())
	})
}

func adminAccountList(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin account list --data DIR", "Lists the accounts: id, name, when it was made.",
		"sojourn admin account list --data /var/lib/sojourn")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		accounts, err := admin.Accounts(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, acc := range accounts {
			fmt.Fprintf(t, "%s\t%s\t%s\n", acc.ID, acc.Name, acc.Created.UTC().Format(time.RFC3339))
		}
		return t.Flush()
	})
}
