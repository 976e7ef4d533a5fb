package remotehelper

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"sojourn/internal/client/config"
)

// Find looks git's HTTPS helper up where git itself does: in git's own
// directory, which git puts first on the path of what it starts. Where it is
// not there, git is asked to start it, which costs a second git.
func Find(env config.Env) (program string, args []string, err error) {
	dirs := filepath.SplitList(env.Get("PATH"))
	if d := env.Get("GIT_EXEC_PATH"); d != "" {
		dirs = append([]string{d}, dirs...)
	}
	for _, name := range []string{"git-remote-http", "git"} {
		for _, d := range dirs {
			path := filepath.Join(d, name+suffix())
			if !filepath.IsAbs(path) || !executable(path) {
				continue // a relative entry would run what a clone brought along
			}
			if name == "git" {
				return path, []string{"git", "remote-http"}, nil
			}
			return path, []string{name}, nil
		}
	}
	return "", nil, errors.New("git-remote-http was not found; install git, and make sure that git is on the PATH")
}

// findGit is the git program itself.
func findGit(env config.Env) (string, error) {
	for _, d := range filepath.SplitList(env.Get("PATH")) {
		if path := filepath.Join(d, "git"+suffix()); filepath.IsAbs(path) && executable(path) {
			return path, nil
		}
	}
	return "", errors.New("git was not found on the PATH")
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0)
}
