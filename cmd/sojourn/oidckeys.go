package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"sojourn/internal/node"
)

func adminOIDCKeys(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin oidc-keys --data DIR --url URL (--jwks FILE | --remove)",
		"Gives the server the keys of an OpenID Connect provider that it cannot reach, and prints the ids\n"+
			"of those that can verify tokens. The provider is not asked until they are removed.\n"+
			"Giving them again replaces them. The provider must be registered as well.",
		"sojourn admin oidc-keys --data /var/lib/sojourn --url https://login.example.com --jwks keys.json")
	url := flags.String("url", "", "the issuer's `URL`, as its tokens have it")
	file := flags.String("jwks", "", "`FILE` with its JWK set: what its jwks_uri answers")
	remove := flags.Bool("remove", false, "take given keys back")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		switch {
		case *url == "" || (*file == "") != *remove:
			return usagef("want --url URL, and either --jwks FILE or --remove")
		case *remove:
			return admin.RemoveIssuerKeys(ctx, *url, time.Now())
		}
		jwks, err := os.ReadFile(*file)
		if err != nil {
			return fmt.Errorf("jwks: %w", err)
		}
		ids, err := admin.GiveIssuerKeys(ctx, *url, jwks, time.Now())
		if err != nil {
			return err
		}
		for _, id := range ids {
			fmt.Fprintf(a.stdout, "%q\n", id)
		}
		return nil
	})
}
