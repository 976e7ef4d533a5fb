package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/node"
	"sojourn/internal/store"
)

// whichFlags name repositories.
func whichFlags(a *app, f *flag.FlagSet, all string) *node.Which {
	w := &node.Which{}
	region := a.getenv(envName("region"))
	if region == "" {
		region = node.DefaultRegion
	}
	f.StringVar(&w.Name, "repo", "", "the repository's `NAME`")
	f.StringVar(&w.Account, "account", "", "account `ID` that it is of; may be left out where there is one")
	f.StringVar(&w.Region, "region", region, "the server's `REGION`")
	if all != "" {
		f.BoolVar(&w.All, "all", false, all)
	}
	return w
}

// errProblems is the end of a check that has found something.
type errProblems int

func (n errProblems) Error() string {
	return fmt.Sprintf("fsck: %d problems; docs/operations/maintenance.md says what to do about each kind", int(n))
}

func adminFsck(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin fsck --data DIR (--repo NAME|--all) [--json]",
		"Checks repositories beside a running server: each pack against its checksum, the list of packs\nagainst the object store, the refs, and every object by git. The exit status is 0 where all is well.",
		"sojourn admin fsck --data /var/lib/sojourn --all")
	w := whichFlags(a, flags, "all repositories of all accounts, and what is in the object store besides")
	asJSON := flags.Bool("json", false, "print one JSON object")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		found, err := admin.Fsck(ctx, *w)
		if err != nil {
			return err
		}
		if *asJSON {
			if found.Problems == nil {
				found.Problems = []git.Problem{}
			}
			out := json.NewEncoder(a.stdout)
			out.SetIndent("", "    ")
			err = out.Encode(found)
		} else {
			for _, p := range found.Problems {
				name := p.Name
				if name == "" {
					name = p.Repository
				}
				fmt.Fprintf(a.stdout, "%s: %s: %s\n", name, p.Kind, p.Text)
			}
			_, err = fmt.Fprintf(a.stdout, "%d repositories, %d refs, %d packs, %d objects, %d bytes: %d problems\n",
				found.Repositories, found.Refs, found.Packs, found.Objects, found.Bytes, len(found.Problems))
		}
		if err == nil && len(found.Problems) > 0 {
			err = errProblems(len(found.Problems))
		}
		return err
	})
}

func adminPurge(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin purge --data DIR --repo NAME [--object ID]... ",
		"Drops from a repository, for good, every object that no branch, tag or pull request reaches: what a\nhistory held before it was rewritten because a secret had leaked. From then on no fetch gets it.\nDelete or rewrite the refs first. Backups still have it, and so may clones. Change the secret.",
		"sojourn admin purge --data /var/lib/sojourn --repo MyDemoRepo --object 8f0c3a…")
	w := whichFlags(a, flags, "")
	var oids []string
	flags.Func("object", "`ID` of an object that must be gone, or nothing is done; may be repeated", func(v string) error {
		if v = strings.ToLower(v); len(v) != 40 || strings.Trim(v, "0123456789abcdef") != "" {
			return errors.New("want 40 hex digits")
		}
		oids = append(oids, v)
		return nil
	})
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		if w.Name == "" {
			return usagef("repo: the repository's name is missing; give --repo NAME")
		}
		done, err := admin.Purge(ctx, *w, oids, time.Now())
		if err == nil {
			fmt.Fprintf(a.stdout, "%s: %d objects are left of %d; %d old packs are deleted\n", w.Name, done.After, done.Before, done.Packs)
		}
		return err
	})
}

func adminCompact(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin compact --data DIR (--repo NAME|--all) [--base]",
		"Joins a repository's small packs into fewer, beside a running server, which does it by itself when there\nare many. No object is lost.",
		"sojourn admin compact --data /var/lib/sojourn --repo MyDemoRepo --base")
	w := whichFlags(a, flags, "all repositories of all accounts")
	base := flags.Bool("base", false, "all packs into one, with the bitmap and commit graph that make clones fast")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		return admin.Compact(ctx, *w, *base, func(r store.Repository, done git.Compacted) {
			fmt.Fprintf(a.stdout, "%s: %d packs, were %d\n", r.Name, done.After, done.Before)
		})
	})
}

func adminBackup(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin backup --data DIR --to DIR [--root-keys]",
		"Writes a consistent copy of accounts, IAM and repositories to a new directory, beside a running server:\nevery push that was acknowledged before it began is in it. The audit log is not: \"sojourn audit export\".",
		"sojourn admin backup --data /var/lib/sojourn --to /backup/2026-11-26 --root-keys")
	to := flags.String("to", "", "`DIR` of the backup; it must not exist, or be empty")
	keys := flags.Bool("root-keys", false, "put the root keys into it, too: who has them can make sessions. Without them keep keys/root.json elsewhere")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		if *to == "" {
			return usagef("to: the directory is missing; give --to DIR")
		}
		b, err := admin.Backup(ctx, *to, *keys, time.Now)
		if err == nil {
			fmt.Fprintf(a.stdout, "%s: %d repositories, %d packs, %d bytes, as of %s\n", *to, b.Repositories, b.Packs, b.Bytes, b.Begun.Format(time.RFC3339))
		}
		return err
	})
}

func adminRestore(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin restore --from DIR --data DIR [--root-keys FILE]",
		"Makes a data directory from a backup and compares everything with its checksum. It overwrites nothing:\nthe directory must not exist, or be empty. Then start the server on it.",
		"sojourn admin restore --from /backup/2026-11-26 --data /var/lib/sojourn")
	from := flags.String("from", "", "`DIR` of the backup")
	data := flags.String("data", a.getenv(envName("data")), "`DIR` to make")
	keys := flags.String("root-keys", "", "`FILE` keys/root.json of the server, where the backup was made without it")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return usagef("unexpected argument %q", flags.Arg(0))
	case *from == "" || *data == "":
		return usagef("from and data: a directory is missing; give --from DIR and --data DIR")
	}
	b, err := node.Restore(ctx, *from, a.place(*data), *keys)
	if err == nil {
		fmt.Fprintf(a.stdout, "%s: %d repositories, %d packs, %d bytes, as of %s\n", *data, b.Repositories, b.Packs, b.Bytes, b.Begun.Format(time.RFC3339))
	}
	return err
}
