// Package credentialhelper speaks git's credential protocol (git-credential(1))
// with the flags of "aws codecommit credential-helper": it answers "get" for
// CodeCommit's hosts with a user name and a signature, and keeps neither. "erase"
// forgets the session behind them.
package credentialhelper

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sojourn/internal/client/session"
	"sojourn/internal/sigv4"
)

// maxRequest is more than git ever writes.
const maxRequest = 1 << 20

// validity is how long a server takes the password: about 15 minutes.
const validity = 15 * time.Minute

// Helper answers one request.
type Helper struct {
	Session *session.Session
	Now     func() time.Time
	AnyHost bool // answer for hosts that are not AWS's, nor the configured server
}

// Get reads git's description of what it wants to sign in to and answers it.
// For a host that is not CodeCommit's it answers nothing, so that git asks its
// next helper.
func (h Helper) Get(ctx context.Context, in io.Reader, out io.Writer) error {
	fields, err := read(in)
	if err != nil {
		return err
	}
	switch {
	case fields["host"] == "" || fields["protocol"] != "https" && fields["protocol"] != "http":
		return errors.New("git sent no host; this is a credential helper for git, see git-credential(1)")
	case !h.AnyHost && !h.ours(fields["host"]):
		return nil
	case fields["path"] == "":
		return fmt.Errorf("git sent no path; run: git config --global credential.https://%s.useHttpPath true", fields["host"])
	}
	region := hostRegion(fields["host"])
	if region == "" {
		region = h.Session.Region()
	}
	if region == "" {
		return errors.New("no region is set; give --region, set AWS_REGION, or put a region into the profile")
	}
	return h.answer(ctx, fields, region, out)
}

func (h Helper) answer(ctx context.Context, fields map[string]string, region string, out io.Writer) error {
	cred, err := h.Session.Credentials(ctx)
	if err != nil {
		return session.NoCredentials(h.Session.Name, err)
	}
	t := h.Now()
	// Host and path as the AWS CLI signs them: no port, one more slash where git
	// sends one, and nothing that it takes for a query or a fragment.
	host, _, _ := strings.Cut(fields["host"], ":")
	path := "/" + fields["path"]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	password := sigv4.GitPassword(cred.Secret, region, host, path, t)
	expires := t.Add(validity)
	if !cred.Expires.IsZero() && cred.Expires.Before(expires) {
		expires = cred.Expires
	}
	_, err = fmt.Fprintf(out, "username=%s\npassword=%s\npassword_expiry_utc=%d\n", sigv4.GitUser(cred.Credentials), password.Reveal(), expires.Unix())
	return err
}

// read takes lines of KEY=VALUE up to an empty line or the end; the last of a
// key counts.
func read(in io.Reader) (map[string]string, error) {
	fields := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(in, maxRequest))
	lines.Buffer(nil, maxRequest)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			break
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, errors.New("a line on standard input is not of the form KEY=VALUE; this is a credential helper for git, see git-credential(1)")
		}
		fields[key] = value
	}
	return fields, lines.Err()
}

// ours reports whether host is one of AWS CodeCommit's, or the server that the
// settings name. The AWS CLI is content with amazonaws.com anywhere in the
// name; a signature for evil.example/amazonaws.com would be anybody's.
func (h Helper) ours(host string) bool {
	if g, err := h.Session.Endpoints().Git(hostRegion(host)); err == nil && g.Custom && strings.EqualFold(g.Host, host) {
		return true
	}
	return hostRegion(host) != ""
}

// hostRegion is the region in the name of one of AWS's Git hosts, else "":
// [vpce-….]git-codecommit[-fips].REGION.[vpce.]amazonaws.com[.cn], and the
// hosts of AWS CodeConnections, whose Git takes the same passwords.
func hostRegion(host string) string {
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	labels := strings.Split(name, ".")
	if strings.HasPrefix(labels[0], "vpce-") {
		labels = labels[1:]
	}
	if len(labels) < 4 || labels[1] == "" {
		return ""
	}
	switch labels[0] {
	case "git-codecommit", "git-codecommit-fips", "codeconnections", "codestar-connections":
	default:
		return ""
	}
	switch strings.TrimPrefix(strings.Join(labels[2:], "."), "vpce.") {
	case "amazonaws.com", "amazonaws.com.cn":
		return labels[1]
	}
	return ""
}
