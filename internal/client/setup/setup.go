// Package setup works out what git must be told to work with a server: which
// settings there must be for its host, which of them are missing, and how to
// take back what was added. It changes nothing by itself that Apply and Undo
// are not called for, and it never removes what somebody else has written.
package setup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"unicode"

	"sojourn/internal/client/credentialhelper"
)

// Git runs git with arguments and returns its standard output. Exit is the
// exit status where git ran.
type Git func(ctx context.Context, args ...string) (out string, exit int, err error)

// Run runs the git program of the PATH.
func Run(ctx context.Context, args ...string) (string, int, error) {
	c := exec.CommandContext(ctx, "git", args...)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case ok && exit.ExitCode() == 1 && said.Len() == 0: // nothing found
		return string(out), 1, nil
	case ok:
		return "", exit.ExitCode(), fmt.Errorf("git %s: %s", args[0], firstLine(said.String()))
	case err != nil:
		return "", -1, fmt.Errorf("running git: %w", err)
	}
	return string(out), 0, nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// Server is what to set git up for.
type Server struct {
	URL     string // https://HOST[:PORT], or AWS's with "*" for the region
	Profile string // for the credential helper; "" is the default one
	Region  string // for the credential helper, where the profile and the host have none
	CA      string // file of the authorities that git must trust for it; "" is the system's
	Program string // that answers for credentials: "sojourn", or a path
	Own     bool   // it is not AWS's
}

// AWS are the hosts of CodeCommit's Git.
const (
	AWS      = "https://git-codecommit.*.amazonaws.com"
	AWSChina = "https://git-codecommit.*.amazonaws.com.cn"
)

// Setting is one value of git's configuration.
type Setting struct{ Key, Value string }

// Command is what a user would type for it.
func (s Setting) Command() string {
	return "git config --global --add " + Quote(s.Key) + " " + Quote(s.Value)
}

// addedKey records what Apply has added, so that Undo takes back that and nothing else.
const addedKey = "sojourn.added"

// check refuses a server whose parts could not be written or read back.
func (s Server) check() error {
	u, err := url.Parse(strings.Replace(s.URL, "*", "x", 1))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || strings.ContainsAny(s.URL, "=\"\\ ") {
		return fmt.Errorf("%q is not a server's URL of the form https://HOST[:PORT]", s.URL)
	}
	for _, v := range []string{s.Profile, s.Region, s.CA, s.Program} {
		if strings.ContainsFunc(v, unicode.IsControl) {
			return fmt.Errorf("%q has control characters in it", v)
		}
	}
	return nil
}

// wanted are the settings in their order: an empty helper first, which keeps
// this host's passwords from the helpers that git asks elsewhere.
func (s Server) wanted() []Setting {
	helper := "!" + Quote(s.Program) + " credential-helper"
	if s.Profile != "" {
		helper += " --profile " + Quote(s.Profile)
	}
	if s.Region != "" {
		helper += " --region " + Quote(s.Region)
	}
	list := []Setting{
		{"protocol.codecommit.allow", "always"},
		{"credential." + s.URL + ".helper", ""},
		{"credential." + s.URL + ".helper", helper + " $@"},
		{"credential." + s.URL + ".useHttpPath", "true"},
	}
	if s.Own {
		list = append(list, Setting{"http." + s.URL + ".extraHeader", credentialhelper.Preference})
	}
	if s.CA != "" {
		list = append(list, Setting{"http." + s.URL + ".sslCAInfo", s.CA})
	}
	return list
}

// Plan returns what must be added for a server.
func Plan(ctx context.Context, git Git, s Server) ([]Setting, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var add []Setting
	for key, want := range groups(s.wanted()) {
		now, err := values(ctx, git, key)
		if err != nil {
			return nil, err
		}
		// The last values count, and helpers count in their order.
		if n := len(now) - len(want); n < 0 || !slices.Equal(now[n:], want) {
			for _, v := range want {
				add = append(add, Setting{key, v})
			}
		}
	}
	return add, nil
}

// groups are the settings by their keys, in order.
func groups(list []Setting) func(func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		for i := 0; i < len(list); {
			j := i
			var v []string
			for ; j < len(list) && list[j].Key == list[i].Key; j++ {
				v = append(v, list[j].Value)
			}
			if !yield(list[i].Key, v) {
				return
			}
			i = j
		}
	}
}

func values(ctx context.Context, git Git, key string) ([]string, error) {
	out, exit, err := git(ctx, "config", "--global", "-z", "--get-all", key)
	if err != nil || exit != 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// Apply adds settings, each with a record for Undo.
func Apply(ctx context.Context, git Git, add []Setting) error {
	for _, s := range add {
		for _, v := range []Setting{s, {addedKey, s.Key + "=" + s.Value}} {
			if _, exit, err := git(ctx, "config", "--global", "--add", v.Key, v.Value); err != nil || exit != 0 {
				return fmt.Errorf("writing git's configuration: %w", orStatus(err, exit))
			}
		}
	}
	return nil
}

func orStatus(err error, exit int) error {
	if err == nil {
		err = fmt.Errorf("git ended with status %d", exit)
	}
	return err
}

// Added are the settings that Apply added and that are still there.
func Added(ctx context.Context, git Git) ([]Setting, error) {
	records, err := values(ctx, git, addedKey)
	if err != nil {
		return nil, err
	}
	var list []Setting
	for _, r := range records {
		if key, value, ok := strings.Cut(r, "="); ok {
			list = append(list, Setting{key, value})
		}
	}
	return list, nil
}

// Undo removes what Added returned, the last first.
func Undo(ctx context.Context, git Git, added []Setting) error {
	for _, s := range slices.Backward(added) {
		for _, v := range []Setting{s, {addedKey, s.Key + "=" + s.Value}} {
			// Status 5: it is not there any more.
			if _, exit, err := git(ctx, "config", "--global", "--fixed-value", "--unset-all", v.Key, v.Value); exit != 0 && exit != 5 {
				return fmt.Errorf("removing %s from git's configuration: %w", v.Key, orStatus(err, exit))
			}
		}
	}
	return nil
}

// Quote writes a word for a POSIX shell.
func Quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) && !strings.ContainsRune("/._-+:@%,=", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
