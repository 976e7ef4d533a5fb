// Command gogit is a client of the tests: go-git, as programs in Go use it. It
// does one of these, with credentials that a credential helper of git's gives.
//
//	gogit HELPER CA URL clone DIR
//	gogit HELPER CA URL fetch DIR REFSPEC...
//	gogit HELPER CA URL push DIR REFSPEC...
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

func main() {
	if len(os.Args) < 6 {
		fail(errors.New("usage: gogit HELPER CA URL clone|fetch|push DIR [REFSPEC...]"))
	}
	fail(run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6:]))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gogit:", err)
		os.Exit(1)
	}
}

func run(helper, caFile, remote, what, dir string, specs []string) error {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	auth, err := ask(helper, remote)
	if err != nil {
		return err
	}
	if what == "clone" {
		_, err := git.PlainClone(dir, true, &git.CloneOptions{URL: remote, Auth: auth, CABundle: ca, Mirror: true})
		return err
	}
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return err
	}
	r, err := repo.CreateRemoteAnonymous(&config.RemoteConfig{Name: "anonymous", URLs: []string{remote}})
	if err != nil {
		return err
	}
	var list []config.RefSpec
	for _, s := range specs {
		list = append(list, config.RefSpec(s))
	}
	if what == "fetch" {
		return r.Fetch(&git.FetchOptions{RemoteName: "anonymous", RefSpecs: list, Auth: auth, CABundle: ca, Tags: git.AllTags})
	}
	return r.Push(&git.PushOptions{RemoteName: "anonymous", RefSpecs: list, Auth: auth, CABundle: ca})
}

// ask asks a credential helper as git does.
func ask(helper, remote string) (*http.BasicAuth, error) {
	u, err := url.Parse(remote)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("sh", "-c", helper+" get")
	cmd.Stdin = strings.NewReader(fmt.Sprintf("protocol=%s\nhost=%s\npath=%s\n\n", u.Scheme, u.Host, strings.TrimPrefix(u.Path, "/")))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	auth := &http.BasicAuth{}
	for line := range bytes.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		switch name {
		case "username":
			auth.Username = value
		case "password":
			auth.Password = value
		}
	}
	return auth, nil
}
