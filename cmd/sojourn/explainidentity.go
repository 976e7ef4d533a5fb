package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/client/apicall"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/session"
	"sojourn/internal/wire/stswire"
)

// identity is what GetCallerIdentity says of the credentials, and what is known
// of them here.
type identity struct {
	Arn, Account, UserId string

	Session     string // what kind of credentials they are, in words
	AccessKeyId string
	Expires     *time.Time `json:",omitempty"`
	Profile     string
	Method      string // the AWS CLI's word for where they come from
	Region      string
	Server      string
}

// identity answers "who am I".
func (f *explainFlags) identity(ctx context.Context, a *app) error {
	user, err := f.session(a)
	if err != nil {
		return err
	}
	id, err := f.whoAmI(ctx, user)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "You are %s\n", plain(id.Arn))
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, l := range [][2]string{{"session", id.Session}, {"expires", instant(id.Expires)}, {"account", id.Account}, {"user id", id.UserId},
		{"access key", id.AccessKeyId}, {"profile", id.Profile + " (" + id.Method + ")"}, {"region", id.Region}, {"server", id.Server}} {
		if l[1] != "" {
			fmt.Fprintf(t, "  %s\t%s\n", l[0], plain(l[1]))
		}
	}
	t.Flush()
	return f.print(a, id, text.String())
}

func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (f *explainFlags) whoAmI(ctx context.Context, user *session.Session) (*identity, error) {
	cred, err := signer(ctx, user)
	if err != nil {
		return nil, err
	}
	out, err := f.ask(ctx, user, stswire.Service(), stswire.Service().Operations["GetCallerIdentity"], apicall.Input{})
	if err != nil {
		return nil, err
	}
	id := &identity{AccessKeyId: cred.AccessKeyID, Profile: user.Name, Method: cred.Method, Region: user.Region()}
	if err := json.Unmarshal([]byte(out), id); err != nil {
		return nil, fmt.Errorf("the server's answer is not understood: %w", err)
	}
	if api, err := user.Endpoints().API("sts", user.Region()); err == nil {
		id.Server = api.URL
	}
	if !cred.Expires.IsZero() {
		id.Expires = &cred.Expires
	}
	id.Session = sessionWords(id.Arn, cred)
	return id, nil
}

// sessionWords says what an identity's credentials are.
func sessionWords(name string, cred credentials.Snapshot) string {
	a, err := arn.Parse(name)
	if err != nil {
		return ""
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch {
	case kind == "assumed-role":
		role, session, _ := strings.Cut(rest, "/")
		return "session " + session + " of the role " + role
	case kind == "federated-user":
		return "session " + rest + " of a federated user"
	case kind == "root":
		return "root of the account"
	case cred.Token != "":
		return "temporary credentials of a user"
	}
	return "long-term access key of a user"
}
