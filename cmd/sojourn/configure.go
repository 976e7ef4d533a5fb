package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"sojourn/internal/client/config"
)

const configureHelp = `Usage: sojourn configure COMMAND [ARGUMENTS] [--profile NAME]

Reads and writes ~/.aws/config and ~/.aws/credentials as "aws configure" does.

Commands:
  set KEY [VALUE]   write a setting; without a VALUE it is read from standard
                    input, so that a secret need not stand on the command line
  get KEY           print a setting; exit status 1 when it is not set
  list              show the profile, the region and where they come from
  list-profiles     print the names of the profiles

A KEY is a setting of the profile (region), of another one
(profile.NAME.region), or inside a block (s3.max_queue_size).

Example:
  sojourn configure set role_arn arn:aws:iam::111111111111:role/CodeCommitAccess --profile CodeAccess
`

func runConfigure(_ context.Context, a *app, args []string) error {
	if len(args) == 0 {
		return usagef("configure: want a command; \"sojourn configure --help\" lists them")
	}
	if isHelp(args[0]) {
		fmt.Fprint(a.stdout, configureHelp)
		return nil
	}
	c, rest, err := serverFlags(args[1:])
	if err != nil {
		return err
	}
	cfg, err := config.Load(a.env())
	if err != nil {
		return err
	}
	u := &configuration{app: a, cfg: cfg, profile: c.profile}
	if u.profile == "" {
		u.profile, _ = config.Env(a.env()).Selected()
	}
	if u.profile == "" {
		u.profile = config.Default
	}
	switch args[0] {
	case "set":
		return u.set(rest)
	case "get":
		return u.get(rest)
	case "list":
		return u.list(rest, c)
	case "list-profiles":
		for _, name := range cfg.Names() {
			fmt.Fprintln(a.stdout, name)
		}
		return nil
	}
	return usagef("configure: there is no command %q; \"sojourn configure --help\" lists them", args[0])
}

// configuration is one call's files and profile.
type configuration struct {
	*app
	cfg     *config.Config
	profile string
}

// key takes a dotted name apart: profile.NAME.KEY, BLOCK.KEY or KEY.
func (u *configuration) key(name string) (profile string, s config.Setting) {
	profile = u.profile
	if rest, ok := strings.CutPrefix(name, "profile."); ok {
		if i := strings.LastIndexByte(rest, '.'); i > 0 {
			profile, name = rest[:i], rest[i+1:]
		}
	} else if rest, ok := strings.CutPrefix(name, "default."); ok {
		profile, name = config.Default, rest
	}
	key, sub, _ := strings.Cut(name, ".")
	return profile, config.Setting{Key: key, Sub: sub}
}

func (u *configuration) set(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usagef("configure set: want KEY and VALUE")
	}
	profile, setting := u.key(args[0])
	if setting.Key == "" || strings.ContainsAny(args[0], "= \t\r\n[]#;") && !strings.HasPrefix(args[0], "profile.") {
		return usagef("configure set: %q is no name of a setting", args[0])
	}
	if len(args) == 2 {
		setting.Value = args[1]
	} else {
		line, err := bufio.NewReader(u.stdin).ReadString('\n')
		if setting.Value = strings.TrimRight(line, "\r\n"); setting.Value == "" {
			return fmt.Errorf("configure set: no value for %s came on standard input: %w", args[0], err)
		}
	}
	if strings.ContainsAny(setting.Value, "\r\n") {
		return usagef("configure set: the value of %s has more than one line", args[0])
	}
	return u.cfg.Set(profile, setting)
}

func (u *configuration) get(args []string) error {
	if len(args) != 1 {
		return usagef("configure get: want KEY")
	}
	name, s := u.key(args[0])
	p, ok := u.cfg.Profile(name)
	if !ok && name != config.Default {
		return fmt.Errorf("the profile %q was not found; \"sojourn configure list-profiles\" lists them", name)
	}
	value, found := p.Get(s.Key)
	if s.Sub != "" {
		value, found = p.Nested(s.Key, s.Sub)
	}
	if !found {
		return exitStatus(1) // as the AWS CLI: no line
	}
	fmt.Fprintln(u.stdout, value)
	return nil
}

// list shows the AWS CLI's table. Keys are shown by their last four characters.
func (u *configuration) list(args []string, c clientFlags) error {
	if len(args) != 0 {
		return usagef("configure list: unexpected argument %q", args[0])
	}
	p, ok := u.cfg.Profile(u.profile)
	if !ok && u.profile != config.Default {
		return fmt.Errorf("the profile %q was not found; \"sojourn configure list-profiles\" lists them", u.profile)
	}
	rows := [][4]string{{"profile", unset(c.profile), "None", "None"}}
	if c.profile != "" {
		rows[0] = [4]string{"profile", c.profile, "manual", "--profile"}
	} else if name, variable := config.Env(u.env()).Selected(); name != "" {
		rows[0] = [4]string{"profile", name, "env", variable}
	}
	rows = append(rows,
		u.row(p, "access_key", "AWS_ACCESS_KEY_ID", "aws_access_key_id", true),
		u.row(p, "secret_key", "AWS_SECRET_ACCESS_KEY", "aws_secret_access_key", true),
		u.row(p, "region", "AWS_REGION", "region", false))
	fmt.Fprintf(u.stdout, "%10s %24s %16s    %s\n%10s %24s %16s    %s\n", "Name", "Value", "Type", "Location", "----", "-----", "----", "--------")
	for _, r := range rows {
		fmt.Fprintf(u.stdout, "%10s %24s %16s    %s\n", r[0], r[1], r[2], r[3])
	}
	return nil
}

func (u *configuration) row(p *config.Profile, name, variable, key string, secret bool) [4]string {
	value, kind, place := u.getenv(variable), "env", variable
	if value == "" && variable == "AWS_REGION" {
		value, place = u.getenv("AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"
	}
	if value == "" {
		value, kind, place = p.Value(key), "config-file", u.cfg.ConfigFile
		if config.IsCredential(key) {
			kind, place = "shared-credentials-file", u.cfg.CredentialsFile
		}
	}
	switch {
	case value == "":
		return [4]string{name, "<not set>", "None", "None"}
	case secret:
		value = strings.Repeat("*", 16) + value[max(0, len(value)-4):]
	}
	return [4]string{name, value, kind, place}
}

func unset(s string) string {
	if s == "" {
		return "<not set>"
	}
	return s
}
