package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// program is one line of the table.
type program struct {
	name  string
	args  []string
	stdin string
	env   []string // beside the bench's own, which is for a stub of git's HTTPS helper; nil is that
	wall  []time.Duration
	cpu   []time.Duration
	peak  []time.Duration // memory, a KiB a nanosecond
}

// references are the first lines of the table.
const references = 3

const request = "protocol=https\nhost=git-codecommit.us-east-1.amazonaws.com\npath=v1/repos/repo\n\n"

// ours are the floors and our own programs, in the order of the table; references of them are not ours.
func (b *bench) ours(git string) []*program {
	helper, sojourn := filepath.Join(b.bin, "git-remote-codecommit"), filepath.Join(b.bin, "sojourn")
	return []*program{
		{name: "an empty Go program", args: []string{filepath.Join(b.bin, "empty")}},
		{name: "the least that a helper in Go can do", args: []string{filepath.Join(b.bin, "floor"), "origin", "codecommit://default@repo"}},
		{name: "git --version", args: []string{git, "--version"}},
		{name: "C1 git-remote-codecommit, static keys", args: []string{helper, "origin", "codecommit://default@repo"}},
		{name: "C2 git-remote-codecommit, cached session", args: []string{helper, "origin", "codecommit://R@repo"}},
		{name: "C2 git-remote-codecommit credential-helper", args: []string{helper, "credential-helper", "--profile", "R", "get"}, stdin: request},
		{name: "C2 sojourn credential-helper", args: []string{sojourn, "credential-helper", "--profile", "R", "get"}, stdin: request},
	}
}

// peers are the others' programs that the machine has.
func (b *bench) peers() []*program {
	aws, python := debian("aws"), debian("python3")
	var found []*program
	for _, p := range []*program{
		{name: "aws codecommit credential-helper", args: []string{aws, "codecommit", "credential-helper", "get"}, stdin: request},
		{name: "python3 -c 'import botocore.session'", args: []string{python, "-c", "import botocore.session"}},
		{name: "official git-remote-codecommit", args: []string{os.Getenv("OFFICIAL_GRC"), "origin", "codecommit://default@repo"}},
	} {
		if path, err := exec.LookPath(p.args[0]); err != nil {
			fmt.Printf("%s: not on this machine\n", p.name)
		} else if p.args[0] = path; b.once(p, false) != nil {
			fmt.Printf("%s does not run on this machine\n", p.name)
		} else {
			found = append(found, p)
		}
	}
	return found
}

// debian is the distribution's program, which a shim in front of it on the PATH does not slow down.
func debian(name string) string {
	if path := "/usr/bin/" + name; exec.Command(path, "--version").Run() == nil {
		return path
	}
	return name
}

// remotes are "git ls-remote" over plain https and with our helper, with git's
// own HTTPS helper. Like for like: the plain one sends its password with its
// first request, too, and trusts the same authority by the same means.
func (b *bench) remotes(git string) ([]*program, error) {
	env := []string{"PATH=" + b.bin + ":" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	for _, v := range b.env {
		if !strings.HasPrefix(v, "PATH=") {
			env = append(env, v)
		}
	}
	c := exec.Command(filepath.Join(b.bin, "sojourn"), "sign-url", "codecommit://R@repo")
	c.Dir, c.Env = b.dir, env
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("signing a URL: %w", err)
	}
	u, err := url.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	basic := base64.StdEncoding.EncodeToString([]byte(u.User.Username() + ":" + password))
	u.User = nil
	plain := append(env[:len(env):len(env)], "GIT_SSL_CAINFO="+filepath.Join(b.dir, "data", "tls", "ca.pem"),
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http."+u.String()+".extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic "+basic)
	return []*program{
		{name: "C3 git ls-remote https://…", args: []string{git, "ls-remote", u.String()}, env: plain},
		{name: "C3 git ls-remote codecommit://R@repo", args: []string{git, "ls-remote", "codecommit://R@repo"}, env: env},
	}, nil
}
