package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/prompt"
	"sojourn/internal/wire"
)

// passwordOf says how an operation gets a password. No flag takes one: the
// arguments of a process are seen by others.
type passwordOf struct {
	member   string
	env      string
	question string
	// wanted reports whether the operation needs it; nil always.
	wanted func(apicall.Input) bool
}

// passwords are the operations that have one.
var passwords = map[string]passwordOf{
	"AssumeRoleWithLDAPIdentity": {member: "Password", env: "SOJOURN_LDAP_PASSWORD", question: "Password of %s: "},
	"CreateDirectory":            {member: "BindPassword", env: "SOJOURN_BIND_PASSWORD", question: "Password of %s: "},
	"UpdateDirectory": {member: "BindPassword", env: "SOJOURN_BIND_PASSWORD", question: "Password of the service account: ",
		wanted: func(in apicall.Input) bool {
			return in["BindDN"] != nil || in["Urls"] != nil || in["Authorities"] != nil
		}},
}

// passwordFile is the flag that names where a password is instead.
const passwordFile = "--password-file"

const passwordHelp = `The password is asked for on the terminal, or by the program that GIT_ASKPASS or SSH_ASKPASS names.
In its place: --password-file FILE ("-" is standard input), or the variable %s. No flag takes it.
`

// open is the operation without its password.
func (p passwordOf) open(o *wire.Operation) *wire.Operation {
	out, in := *o, *o.Input
	in.Members = slices.DeleteFunc(slices.Clone(in.Members), func(m wire.Member) bool { return m.Name == p.member })
	out.Input = &in
	return &out
}

// takePasswordFile takes the flag out of args.
func takePasswordFile(args []string) (file string, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		if name != passwordFile {
			rest = append(rest, args[i])
			continue
		}
		if !joined {
			if i++; i == len(args) {
				return "", nil, usagef("%s: a value is missing", passwordFile)
			}
			value = args[i]
		}
		file = value
	}
	return file, rest, nil
}

// parseInput reads an operation's flags, and gets the password where it has one.
func parseInput(ctx context.Context, a *app, s *wire.Service, o *wire.Operation, args []string) (apicall.Input, error) {
	p, secret := passwords[o.Name]
	if !secret {
		in, err := apicall.ParseInput(o, args)
		if err != nil {
			return nil, usageError{s.Name + " " + apicall.Flag(o.Name) + ": " + err.Error()}
		}
		return in, nil
	}
	file, args, err := takePasswordFile(args)
	if err != nil {
		return nil, err
	}
	flag := "--" + apicall.Flag(p.member)
	if slices.ContainsFunc(args, func(arg string) bool { name, _, _ := strings.Cut(arg, "="); return name == flag }) {
		return nil, usagef("%s %s: no flag takes a password; leave out %s and be asked, or give %s FILE or %s", s.Name, apicall.Flag(o.Name), flag, passwordFile, p.env)
	}
	in, err := apicall.ParseInput(p.open(o), args)
	if err != nil {
		return nil, usageError{s.Name + " " + apicall.Flag(o.Name) + ": " + err.Error()}
	}
	if file == "" && p.wanted != nil && !p.wanted(in) {
		return in, nil
	}
	in[p.member], err = p.get(ctx, a, file, in)
	return in, err
}

func (p passwordOf) get(ctx context.Context, a *app, file string, in apicall.Input) (string, error) {
	if file != "" {
		return readPassword(a, file)
	}
	if text := a.getenv(p.env); text != "" {
		return text, nil
	}
	question := p.question
	if strings.Contains(question, "%s") {
		who, _ := in["UserName"].(string)
		if who == "" {
			who, _ = in["BindDN"].(string)
		}
		question = fmt.Sprintf(question, plainText(who))
	}
	text, err := prompt.Prompter{Env: a.env()}.AskSecret(ctx, question)
	if err != nil {
		return "", fmt.Errorf("the password: %w; or give %s FILE or %s", err, passwordFile, p.env)
	}
	return text, nil
}

// plainText is a text without what a terminal would obey.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// maxPasswordFile bounds what is read for a password.
const maxPasswordFile = 4 << 10

// readPassword reads a password: what a file holds, without a line end behind it.
func readPassword(a *app, file string) (string, error) {
	r := a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("%s: %w", passwordFile[2:], err)
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxPasswordFile+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", passwordFile[2:], err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if text == "" || len(b) > maxPasswordFile || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%s: %q does not hold one line with a password", passwordFile[2:], file)
	}
	return text, nil
}
