package main

import (
	"context"
	"fmt"
	"runtime"

	"sojourn/internal/version"
)

func runVersion(_ context.Context, a *app, args []string) error {
	flags := newFlags(a, "version", "Prints the version, and the platform that it was built for.", "sojourn version")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "sojourn %s %s/%s\n", version.Version, runtime.GOOS, runtime.GOARCH)
	return err
}
