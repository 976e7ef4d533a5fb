//go:build linux

package soak

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// git runs git as a user does, with our helper.
func (k *client) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = k.home
	cmd.Env = []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + k.home, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=" + k.name, "GIT_AUTHOR_EMAIL=c@example.com", "GIT_COMMITTER_NAME=" + k.name, "GIT_COMMITTER_EMAIL=c@example.com",
		"AWS_ENDPOINT_URL=" + k.w.url, "AWS_CA_BUNDLE=" + k.w.ca(), "AWS_EC2_METADATA_DISABLED=true"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w: %s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), nil
}

// settings are the user's configuration: a key, and a role to work as.
func (k *client) settings() error {
	files := map[string]string{
		".aws/credentials": fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", k.w.user.AccessKeyID, k.w.user.Secret.Reveal()),
		".aws/config":      "[default]\nregion = " + region + "\n[profile CodeAccess]\nsource_profile = default\nrole_arn = " + role + "\nrole_session_name = " + k.name + "\n",
		".gitconfig":       "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n",
	}
	for name, text := range files {
		path := filepath.Join(k.home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func remote(repo string) string { return "codecommit://CodeAccess@" + repo }

var cloneForms = [][]string{{}, {"--mirror"}, {"--depth", "1"}, {"--filter=blob:none", "--no-checkout"}, {"--single-branch", "--no-tags"},
	{"-c", "protocol.version=0"}, {"-c", "protocol.version=1", "--bare"}, {"--shallow-since=2020-01-01"}}

// clones makes a clone of another form and repository each time.
func (k *client) clones(ctx context.Context) error {
	args := append([]string{"clone", "-q"}, cloneForms[k.n%len(cloneForms)]...)
	_, err := k.git(ctx, append(args, remote(repoName(k.random.IntN(repositories))), "clone")...)
	os.RemoveAll(filepath.Join(k.home, "clone"))
	return err
}

// fetches keeps a mirror and follows.
func (k *client) fetches(ctx context.Context) error {
	url := remote(repoName(k.number))
	if k.n%12 == 0 {
		os.RemoveAll(filepath.Join(k.home, "mirror"))
		_, err := k.git(ctx, "clone", "-q", "--mirror", url, "mirror")
		return err
	}
	switch k.n % 5 {
	case 1:
		_, err := k.git(ctx, "ls-remote", "--heads", url)
		return err
	case 2:
		_, err := k.git(ctx, "-c", "protocol.version=0", "ls-remote", url)
		return err
	}
	_, err := k.git(ctx, "-C", "mirror", "fetch", "-q", "--prune")
	return err
}

// pushes works on a branch of its own, in one form after the other.
func (k *client) pushes(ctx context.Context) error {
	url := remote(repoName(k.number))
	branch := "refs/heads/" + k.name
	if k.n == 0 {
		if _, err := k.git(ctx, "init", "-q", "work"); err != nil {
			return err
		}
	}
	do := func(steps ...[]string) error {
		for _, s := range steps {
			if _, err := k.git(ctx, append([]string{"-C", "work"}, s...)...); err != nil {
				return err
			}
		}
		return nil
	}
	commit := []string{"commit", "-q", "--allow-empty", "-m", fmt.Sprint("Commit ", k.n)}
	push := func(args ...string) []string { return append([]string{"push", "-q", url}, args...) }
	noted := func(made, moved, deleted int, steps ...[]string) error {
		err := do(steps...)
		if err == nil {
			k.w.ledger.push(made, moved, deleted)
		}
		return err
	}
	switch k.n % 8 {
	case 0: // a history that has nothing to do with the last one
		made, moved := 1, 0
		if k.n > 0 {
			made, moved = 0, 1
		}
		if err := k.write(k.random.IntN(30_000)); err != nil {
			return err
		}
		return noted(made, moved, 0, []string{"checkout", "-q", "--orphan", fmt.Sprint("anew-", k.n)}, []string{"add", "."}, commit, push("+HEAD:"+branch))
	case 1:
		if err := k.write(k.random.IntN(3000)); err != nil {
			return err
		}
		return noted(0, 1, 0, []string{"add", "."}, commit, push("HEAD:"+branch))
	case 2:
		return noted(2, 0, 0, []string{"tag", "-f", "-m", "A tag", "v1"}, push("v1:refs/tags/"+k.name, "HEAD:refs/heads/more/"+k.name))
	case 3:
		return noted(0, 2, 0, commit, push("--atomic", "HEAD:"+branch, "HEAD:refs/heads/more/"+k.name))
	case 4:
		return noted(0, 0, 2, push(":refs/tags/"+k.name, ":refs/heads/more/"+k.name))
	case 5:
		return do(push("HEAD:" + branch)) // changes nothing
	case 6: // from a shallow clone
		return k.pushShallow(ctx, url, branch)
	default: // force, behind what is there
		return noted(0, 1, 0, []string{"commit", "-q", "--amend", "--allow-empty", "-m", fmt.Sprint("Amended ", k.n)}, push("--force", "HEAD:"+branch))
	}
}

func (k *client) pushShallow(ctx context.Context, url, branch string) error {
	defer os.RemoveAll(filepath.Join(k.home, "shallow"))
	for _, s := range [][]string{
		{"clone", "-q", "--depth", "1", "--single-branch", "--branch", k.name, url, "shallow"},
		{"-C", "shallow", "commit", "-q", "--allow-empty", "-m", "From a shallow clone"},
		{"-C", "shallow", "push", "-q", url, "HEAD:" + branch},
	} {
		if _, err := k.git(ctx, s...); err != nil {
			return err
		}
	}
	k.w.ledger.push(0, 1, 0)
	return nil
}

func (k *client) write(size int) error {
	b := make([]byte, size)
	rand.Read(b)
	return os.WriteFile(filepath.Join(k.home, "work", fmt.Sprint("file", k.n%5)), b, 0o600)
}
