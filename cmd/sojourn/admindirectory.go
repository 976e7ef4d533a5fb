package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/client/apicall"
	"sojourn/internal/node"
	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/server/dsapi"
	"sojourn/internal/wire"
	"sojourn/internal/wire/dswire"
)

func adminDirectoryPage() page {
	return page{synopsis: "admin directory COMMAND --data DIR [FLAGS]",
		about:    "Administers the LDAP directories whose people may sign in, beside a running server or without one. It does what \"sojourn ds\" does over the network.",
		wordsAre: "Commands",
		words: []row2{
			{"create", "register a directory; the service account's password is asked for"}, {"list", "list them"}, {"get", "show one"},
			{"update", "change what is given"}, {"delete", "delete one"}, {"test", "ask each of its servers, and with --user-name NAME who that is"},
		},
		flags: localFlagRows,
		example: "sojourn admin directory create --data /var/lib/sojourn --name Staff --kind OpenLDAP --urls ldaps://ldap.example.com " +
			"--bind-dn cn=sojourn,dc=example,dc=com --base-dn dc=example,dc=com"}
}

// localFlagRows are the flags of every "admin directory" command.
var localFlagRows = []row2{
	{"--data DIR", "that the server keeps its data in"}, {"--account ID", "may be left out where there is one account"},
	{"--region REGION", "the server's (default us-east-1; SOJOURN_REGION)"},
	{"--federation-allow-cidr CIDR", "as \"serve\" has it, for test"}, {"--federation-ca FILE", "as \"serve\" has it, for test"},
}

// directoryCommands are the operations behind "sojourn admin directory".
var directoryCommands = map[string]string{
	"create": "CreateDirectory", "list": "ListDirectories", "get": "GetDirectory",
	"update": "UpdateDirectory", "delete": "DeleteDirectory", "test": "TestDirectory",
}

func adminDirectory(ctx context.Context, a *app, args []string) error {
	if len(args) == 0 {
		return usagef("admin directory: want a command; \"sojourn admin directory --help\" lists them")
	}
	if isHelp(args[0]) {
		a.show(adminDirectoryPage())
		return nil
	}
	o, ok := dswire.Service().Operations[directoryCommands[args[0]]]
	if !ok {
		return noWord("admin directory", args[0], adminDirectoryPage().words)
	}
	if len(args) > 1 && isHelp(args[1]) {
		p := operationPage(dswire.Service(), o)
		p.synopsis, p.more = "admin directory "+args[0]+" --data DIR FLAGS", strings.TrimPrefix(p.more, serverFlagsHelp)
		p.flags = append(slices.Clone(localFlagRows[:3]), p.flags...)
		p.example = strings.Replace(p.example, "sojourn ds "+apicall.Flag(o.Name), "sojourn admin directory "+args[0]+" --data /var/lib/sojourn", 1)
		a.show(p)
		return nil
	}
	f := localFlags(a)
	rest, err := takeFlags(f.flags, args[1:])
	if err != nil {
		return err
	}
	in, err := parseInput(ctx, a, dswire.Service(), o, rest)
	if err != nil {
		return err
	}
	return f.call(ctx, a, o, in)
}

// directoryFlags are those that say where.
type directoryFlags struct {
	flags         *flag.FlagSet
	data, account string
	cfg           node.Config
}

func localFlags(a *app) *directoryFlags {
	d := &directoryFlags{flags: flag.NewFlagSet("", flag.ContinueOnError)}
	d.flags.SetOutput(io.Discard)
	d.flags.StringVar(&d.data, "data", a.getenv(envName("data")), "")
	d.flags.StringVar(&d.account, "account", "", "")
	region := a.getenv(envName("region"))
	if region == "" {
		region = node.DefaultRegion
	}
	d.flags.StringVar(&d.cfg.Region, "region", region, "")
	d.flags.StringVar(&d.cfg.FederationCA, "federation-ca", a.getenv(envName("federation-ca")), "")
	allow := func(list string) error {
		for v := range strings.SplitSeq(list, ",") {
			p, err := netip.ParsePrefix(strings.TrimSpace(v))
			if err != nil {
				return fmt.Errorf("%q is no address range such as 10.0.0.0/8", v)
			}
			d.cfg.FederationAllow = append(d.cfg.FederationAllow, p.Masked())
		}
		return nil
	}
	d.flags.Func("federation-allow-cidr", "", allow)
	if list := a.getenv(envName("federation-allow-cidr")); list != "" {
		allow(list) // "serve" tells what is wrong with it
	}
	return d
}

// call runs one operation in this process, on the data directory.
func (d *directoryFlags) call(ctx context.Context, a *app, o *wire.Operation, in apicall.Input) error {
	if d.data == "" {
		return usagef("data: the directory is missing; give --data DIR")
	}
	admin, err := a.place(d.data).OpenAdmin(ctx)
	if err != nil {
		return err
	}
	domain, root, err := admin.Directories(ctx, d.cfg, d.account, time.Now)
	if err == nil {
		err = a.callLocal(ctx, dsapi.New(domain), root, o, in)
	}
	return errors.Join(err, admin.Close())
}

func (a *app) callLocal(ctx context.Context, s *api.Service, root *principal.Caller, o *wire.Operation, in apicall.Input) error {
	out, err := apicall.Call(s.Wire, o, in, func(r apicall.Request) (int, []byte, error) {
		input, err := o.DecodeJSON(r.Body)
		if err != nil {
			return 0, nil, spoken(err)
		}
		answer, err := s.Call(ctx, root, o, input)
		if err != nil {
			return 0, nil, spoken(err)
		}
		b, err := wire.EncodeJSON(answer)
		return http.StatusOK, b, err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.stdout, out)
	return err
}

// spoken is an error as one line.
func spoken(err error) error {
	if e, ok := errors.AsType[*awserr.Error](err); ok && e.Code != awserr.InternalFailure {
		return errors.New(strings.ReplaceAll(e.Message, "\n", "; "))
	}
	return err
}
