// Command git-remote-codecommit lets git clone, fetch and push codecommit://
// URLs with temporary credentials. Git starts it; see gitremote-helpers(7).
//
//	git clone codecommit://[PROFILE@]REPOSITORY
//	git clone codecommit::REGION://[PROFILE@]REPOSITORY
//
// As "git-remote-codecommit credential-helper" it is git's credential helper
// for https URLs, which starts faster here than in the larger program sojourn.
package main

import (
	"context"
	"os"

	"sojourn/internal/client/remotehelper"
	"sojourn/internal/stack"
)

func main() {
	stack.Grow()
	os.Exit(remotehelper.Main(context.Background(), remotehelper.OS()))
}
