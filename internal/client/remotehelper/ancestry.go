package remotehelper

import (
	"path/filepath"
	"strings"
)

// pushing reports whether the git that started this process is pushing: of the
// nearest processes above it, the first git that is not "git remote-codecommit"
// says so. What cannot be found out counts as no; then a push is signed for
// once, as a fetch is, and must reach the server within a quarter of an hour.
func pushing(parents func() [][]string) bool {
	for _, args := range parents() {
		if len(args) == 0 {
			return false
		}
		switch name := strings.ToLower(strings.TrimSuffix(filepath.Base(args[0]), ".exe")); name {
		case "git-push":
			return true
		case "git":
		default:
			return false
		}
		switch word := subcommand(args[1:]); word {
		case "push":
			return true
		case "remote-codecommit":
		default:
			return false
		}
	}
	return false
}

// subcommand is the first of git's arguments that is neither an option nor an option's value.
func subcommand(args []string) string {
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-c", "-C", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--attr-source":
			i++
			continue
		}
		if !strings.HasPrefix(args[i], "-") {
			return args[i]
		}
	}
	return ""
}

// generations is how many processes above are looked at: git starts the helper by a second git.
const generations = 3
