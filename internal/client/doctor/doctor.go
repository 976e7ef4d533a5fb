// Package doctor finds out why git does not get in: it looks at git, the
// helper, the configuration of both sides, stored passwords, the network, the
// clock and the credentials, and says for each what is wrong and what to do.
//
// It changes nothing, asks nobody for a password, and prints no secret.
package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/client/session"
)

// Status is how grave a finding is.
type Status string

// Only a Problem makes the exit status 1.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
	Skipped Status = "skipped" // could not be looked at, because of another problem
)

// Finding is one result.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"` // a command, or what to do
}

// Doctor is what it looks at the world with.
type Doctor struct {
	Env     config.Env
	Now     func() time.Time
	GOOS    string
	Options session.Options // Env and Now are taken from above
	Remote  string          // a codecommit:// URL to try, "" for none

	LookPath func(string) (string, error)
	Run      func(ctx context.Context, stdin string, name string, args ...string) (string, error)
	Who      func(ctx context.Context, s *session.Session) (arn string, err error) // asks the server

	session *session.Session
	config  []entry // git's, in its order
	list    []Finding
}

// Exec runs a program with bounded time and output, for Run.
func Exec(ctx context.Context, stdin string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(c.Environ(), "GIT_TERMINAL_PROMPT=0", "GCM_INTERACTIVE=never", "GIT_ASKPASS=", "SSH_ASKPASS=")
	c.Stdin = strings.NewReader(stdin)
	c.WaitDelay = time.Second
	var out limited
	c.Stdout = &out
	err := c.Run()
	return out.String(), err
}

// limited keeps the first megabyte.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if room := 1<<20 - l.Len(); room > 0 {
		l.Builder.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// Examine runs all checks.
func (d *Doctor) Examine(ctx context.Context) []Finding {
	d.Options.Env, d.Options.Now = d.Env, d.Now
	git := d.git(ctx)
	d.helper(ctx)
	d.environment()
	d.profile()
	d.files()
	if git {
		d.readConfig(ctx)
		d.protocol()
		d.credentialHelpers()
		d.gitAuthorities()
		d.storedPasswords(ctx)
		d.lfs(ctx)
	}
	if d.session == nil {
		for _, check := range []string{"server", "clock", "credentials"} {
			d.add(check, Skipped, "the profile must be right first", "")
		}
		return d.list
	}
	if d.server(ctx) {
		d.credentials(ctx)
		if d.Remote != "" {
			d.repository(ctx)
		}
	} else {
		d.add("credentials", Skipped, "the server must be reached first", "")
	}
	return d.list
}

func (d *Doctor) add(check string, status Status, text, fix string) {
	d.list = append(d.list, Finding{check, status, clean(text), clean(fix)})
}

// clean keeps outside text from moving the terminal's cursor.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// Print writes findings for people: those that matter last, each with its remedy.
func Print(w io.Writer, list []Finding) {
	mark := map[Status]string{OK: "ok", Warning: "WARNING", Problem: "PROBLEM", Skipped: "skipped"}
	for _, f := range list {
		fmt.Fprintf(w, "%-8s %-12s %s\n", mark[f.Status], f.Check, f.Text)
		if f.Fix != "" {
			fmt.Fprintf(w, "%21s → %s\n", "", f.Fix)
		}
	}
}

// Worst is whether there is a problem.
func Worst(list []Finding) bool {
	for _, f := range list {
		if f.Status == Problem {
			return true
		}
	}
	return false
}

func (d *Doctor) client() (*http.Client, error) {
	c, err := d.session.HTTP()
	if err != nil {
		return nil, err
	}
	return c.HTTP, nil
}
