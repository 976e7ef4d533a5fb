package main

import (
	"fmt"
	"strings"

	"sojourn/internal/client/config"
)

// row is a line of "configure list": what, its value, what kind of place the value is from, which.
type row [4]string

// list shows the AWS CLI's table, but nothing of a secret key and nothing that
// would have to be asked of a server.
func (u *configuration) list(args []string, c clientFlags) error {
	if len(args) != 0 {
		return usagef("configure list: unexpected argument %q", args[0])
	}
	p, ok := u.cfg.Profile(u.profile)
	if !ok && u.profile != config.Default {
		return fmt.Errorf("the profile %q was not found; \"sojourn configure list-profiles\" lists them", u.profile)
	}
	id, secret := u.keys(p, c.profile != "")
	rows := []row{{"Name", "Value", "Type", "Location"}, {"----", "-----", "----", "--------"}, u.profileRow(c.profile), id, secret, u.region(p, c.region)}
	for _, r := range rows {
		fmt.Fprintf(u.stdout, "%10s %24s %16s    %s\n", r[0], r[1], r[2], r[3])
	}
	return nil
}

func unset(name string) row { return row{name, "<not set>", "None", "None"} }

func (u *configuration) profileRow(flag string) row {
	if flag != "" {
		return row{"profile", flag, "manual", "--profile"}
	}
	if name, variable := config.Env(u.env()).Selected(); name != "" {
		return row{"profile", name, "env", variable}
	}
	return unset("profile")
}

// keys tells where the keys come from, in the order in which they are looked for.
func (u *configuration) keys(p *config.Profile, explicit bool) (id, secret row) {
	const key = "aws_access_key_id"
	if v := u.getenv("AWS_ACCESS_KEY_ID"); v != "" && !explicit {
		return row{"access_key", tail(v), "env", "AWS_ACCESS_KEY_ID"}, row{"secret_key", hidden, "env", "AWS_SECRET_ACCESS_KEY"}
	}
	var kind, value, place string
	switch {
	case p.Value("web_identity_token_file") != "":
		kind, value = "assume-role-with-web-identity", "<on demand>"
	case p.Value("role_arn") != "":
		kind, value = "assume-role", "<on demand>"
	case inSection(p, key, true):
		kind, value, place = "shared-credentials-file", tail(p.Value(key)), u.cfg.CredentialsFile
	case p.Value("credential_process") != "":
		kind, value = "custom-process", "<on demand>"
	case inSection(p, key, false):
		kind, value, place = "config-file", tail(p.Value(key)), u.cfg.ConfigFile
	default:
		return unset("access_key"), unset("secret_key")
	}
	shown := value
	if place != "" {
		shown = hidden
	}
	return row{"access_key", value, kind, place}, row{"secret_key", shown, kind, place}
}

func inSection(p *config.Profile, key string, credentials bool) bool {
	if p == nil {
		return false
	}
	s := p.Config
	if credentials {
		s = p.Credentials
	}
	v, _ := s.Get(key)
	return v != ""
}

// tail hides an access key id but for its end.
func tail(id string) string { return strings.Repeat("*", 16) + id[max(0, len(id)-4):] }

func (u *configuration) region(p *config.Profile, flag string) row {
	if flag != "" {
		return row{"region", flag, "manual", "--region"}
	}
	d, _ := u.cfg.Profile(config.Default)
	for _, r := range []row{ // in the order of session.Region
		{"region", u.getenv("AWS_DEFAULT_REGION"), "env", "AWS_DEFAULT_REGION"},
		{"region", p.Value("region"), "config-file", u.cfg.ConfigFile},
		{"region", u.getenv("AWS_REGION"), "env", "AWS_REGION"},
		{"region", d.Value("region"), "config-file", u.cfg.ConfigFile},
	} {
		if r[1] != "" {
			return r
		}
	}
	return unset("region")
}

// hidden stands for a secret.
const hidden = "********************"
