package remotehelper

import (
	"runtime"

	"sojourn/internal/version"
)

// help is for the person who starts by hand what git starts.
const help = `Usage: git clone codecommit://[PROFILE@]REPOSITORY

Lets git clone, fetch and push repositories of AWS CodeCommit, or of a server
of one's own, with temporary credentials. Git starts this program itself, with
the name of a remote and a URL, if its directory is on the PATH.

URLs:
  codecommit://REPOSITORY            with AWS_PROFILE or the default profile
  codecommit://PROFILE@REPOSITORY    with a profile of ~/.aws/config
  codecommit::REGION://PROFILE@REPOSITORY

Settings are those of the AWS CLI: ~/.aws/config, ~/.aws/credentials and its
variables. "sojourn setup" sets git up, "sojourn doctor" finds what is wrong.
As "git-remote-codecommit credential-helper" it is git's credential helper for
https URLs.

Example:
  git clone codecommit::eu-west-1://CodeAccess@MyDemoRepo
`

// manual answers a person; "" for git, which never gives one argument alone.
func manual(args []string) string {
	if len(args) != 1 {
		return ""
	}
	switch args[0] {
	case "-h", "--help", "help":
		return help
	case "--version", "version":
		return "git-remote-codecommit " + version.Version + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	}
	return ""
}
