package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/session"
	"sojourn/internal/client/signedhttp"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/dswire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

// statusRefused is the AWS CLI's exit status for a service's refusal.
const statusRefused = 254

// unsignedOperations are called without credentials.
var unsignedOperations = map[string]bool{"AssumeRoleWithSAML": true, "AssumeRoleWithWebIdentity": true, "AssumeRoleWithLDAPIdentity": true}

func runSTS(ctx context.Context, a *app, args []string) error {
	return runAPI(ctx, a, stswire.Service(), args, "sojourn sts assume-role --role-arn arn:aws:iam::111111111111:role/CodeCommitAccess --role-session-name Maria_Garcia")
}

func runIAM(ctx context.Context, a *app, args []string) error {
	return runAPI(ctx, a, iamwire.Service(), args, "sojourn iam create-role --role-name CodeCommitAccess --assume-role-policy-document file://trust.json")
}

func runDS(ctx context.Context, a *app, args []string) error {
	return runAPI(ctx, a, dswire.Service(), args, "sojourn ds test-directory --directory-id d-0123456789 --user-name maria")
}

func runCodeCommit(ctx context.Context, a *app, args []string) error {
	return runAPI(ctx, a, codecommitwire.Service(), args, "sojourn codecommit create-repository --repository-name MyDemoRepo --profile CodeAccess")
}

// runAPI runs one operation of a service with the AWS CLI's names, flags and output.
func runAPI(ctx context.Context, a *app, s *wire.Service, args []string, example string) error {
	if len(args) == 0 {
		return usagef("%s: want an operation; \"sojourn %s --help\" lists them", s.Name, s.Name)
	}
	if isHelp(args[0]) {
		a.show(servicePage(s, example))
		return nil
	}
	if len(args) > 1 && isHelp(args[1]) {
		if p, ok := verbPage(s, args[0]); ok {
			a.show(p)
			return nil
		}
	}
	o, err := apicall.Find(s, args[0])
	if err != nil {
		return usagef("%s: there is no operation %q; %s", s.Name, plain(args[0]), meant("sojourn "+s.Name+" ", args[0], apicall.Names(s), `"sojourn `+s.Name+` --help" lists them`))
	}
	if len(args) > 1 && isHelp(args[1]) {
		a.show(operationPage(s, o))
		return nil
	}
	c, rest, err := serverFlags(args[1:])
	if err != nil {
		return err
	}
	in, err := parseInput(ctx, a, s, o, rest)
	if err != nil {
		return err
	}
	for _, proof := range []string{"WebIdentityToken", "SAMLAssertion"} {
		if text, ok := in[proof].(string); ok { // out of a file, which ends with a line end
			in[proof] = strings.TrimSpace(text)
		}
	}
	return c.call(ctx, a, s, o, in)
}

func isHelp(arg string) bool { return arg == "--help" || arg == "-h" || arg == "help" }

// serverFlags takes the client's own flags out of args, wherever they stand.
func serverFlags(args []string) (c clientFlags, rest []string, err error) {
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	c.registerServer(f)
	if rest, err = takeFlags(f, args); err != nil {
		return c, nil, err
	}
	if c.output != "json" {
		return c, nil, usagef("--output: only json is known")
	}
	return c, rest, nil
}

// takeFlags takes the flags of f out of args, wherever they stand.
func takeFlags(f *flag.FlagSet, args []string) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		if !strings.HasPrefix(args[i], "--") || f.Lookup(name) == nil {
			rest = append(rest, args[i])
			continue
		}
		if b, ok := f.Lookup(name).Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			value, joined = "true", true
		}
		if !joined {
			if i++; i == len(args) {
				return nil, usagef("--%s: a value is missing", name)
			}
			value = args[i]
		}
		if err := f.Set(name, value); err != nil {
			return nil, usagef("--%s: %v", name, err)
		}
	}
	return rest, nil
}

// call prints what the server answers.
func (c *clientFlags) call(ctx context.Context, a *app, s *wire.Service, o *wire.Operation, in apicall.Input) error {
	user, err := c.session(a)
	if err != nil {
		return err
	}
	out, err := c.ask(ctx, user, s, o, in)
	if err != nil {
		return a.refused(err)
	}
	_, err = io.WriteString(a.stdout, out)
	return err
}

// refused tells a service's refusal as the AWS CLI does.
func (a *app) refused(err error) error {
	refused, ok := errors.AsType[*apicall.Error](err)
	if !ok {
		return err
	}
	fmt.Fprintln(a.stderr, strings.ReplaceAll(refused.Error(), "\n", " "))
	return exitStatus(statusRefused)
}

// ask makes one call, in all its pages, and returns the answer in the AWS CLI's
// JSON. A service's refusal is an *apicall.Error.
func (c *clientFlags) ask(ctx context.Context, user *session.Session, s *wire.Service, o *wire.Operation, in apicall.Input) (string, error) {
	api, err := user.Endpoints().API(s.Name, user.Region())
	if err != nil {
		return "", err
	}
	client, err := user.HTTP()
	if err != nil {
		return "", err
	}
	var drop func()
	call := func(request apicall.Request) (int, []byte, error) {
		post := signedhttp.Request{URL: api.URL, ContentType: request.ContentType, Target: request.Target, Body: request.Body, Service: s.Name, Region: api.Region}
		if !c.noSign && !unsignedOperations[o.Name] {
			cred, err := signer(ctx, user)
			if err != nil {
				return 0, nil, err
			}
			post.Credentials, drop = &cred.Credentials, cred.Drop
		}
		return client.Post(ctx, post)
	}
	out, err := apicall.Call(s, o, in, call)
	if refused, ok := errors.AsType[*apicall.Error](err); ok && drop != nil && stsclient.OverCode(refused.Code) {
		drop() // the session was revoked: a new one may do
		return apicall.Call(s, o, in, call)
	}
	return out, err
}

func signer(ctx context.Context, user *session.Session) (credentials.Snapshot, error) {
	cred, err := user.Credentials(ctx)
	if errors.Is(err, credentials.ErrNone) {
		return cred, fmt.Errorf("profile %q has no credentials; set them with \"sojourn configure set\", or give --profile", user.Name)
	}
	return cred, err
}
