// Command git-remote-codecommit lets git clone, fetch and push codecommit://
// URLs with temporary credentials. Git starts it; see gitremote-helpers(7).
//
//	git clone codecommit://[PROFILE@]REPOSITORY
//	git clone codecommit::REGION://[PROFILE@]REPOSITORY
package main

import (
	"context"
	"os"

	"sojourn/internal/client/remotehelper"
)

func main() { os.Exit(remotehelper.Main(context.Background(), remotehelper.OS())) }
