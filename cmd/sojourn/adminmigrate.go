package main

import (
	"context"
	"fmt"
	"time"

	"sojourn/internal/node"
)

func adminMigrate(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin migrate --data DIR --to (stores|directory) [--cancel]",
		"Moves all data of a server from its directory into the stores that SOJOURN_METADATA and SOJOURN_OBJECTS name, or back, beside\nrunning servers. From its begin on the source can only be read, and stays so: writes are answered 503. Every pack is compared\nwith its checksum, and all rows at the end. When it was cut off, give the same command again.",
		"SOJOURN_METADATA=postgres://sojourn@db.example.com/sojourn SOJOURN_OBJECTS=s3://packs \\\n  sojourn admin migrate --data /var/lib/sojourn --to stores")
	data := flags.String("data", a.getenv(envName("data")), "`DIR` of the server; of a node, when the way is back")
	to := flags.String("to", "", "where to: \"stores\" or \"directory\"")
	cancel := flags.Bool("cancel", false, "move nothing, and let the source be written to again")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	stores := a.place(*data)
	switch {
	case flags.NArg() > 0:
		return usagef("unexpected argument %q", flags.Arg(0))
	case *data == "":
		return usagef("data: the directory is missing; give --data DIR")
	case *to != "stores" && *to != "directory":
		return usagef("to %q: want stores or directory", *to)
	case stores.Metadata == "" || stores.Objects == "":
		return usagef("the stores are missing: set SOJOURN_METADATA and SOJOURN_OBJECTS")
	}
	from, into := node.Place{Data: *data, Getenv: a.getenv}, stores
	if *to == "directory" {
		from, into = into, from
	}
	if *cancel {
		return node.ThawSource(ctx, from, time.Now)
	}
	m, err := node.Migrate(ctx, from, into, time.Now)
	if err == nil {
		fmt.Fprintf(a.stdout, "%d repositories, %d packs, %d bytes: %d of %d files copied, all compared; %d rows copied and compared\n",
			m.Repositories, m.Packs, m.Bytes, m.Copied, m.Blobs, m.Rows)
	}
	return err
}
