package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
)

const explainAbout = `Answers three questions:
  who am I      without flags: what the server says of the credentials in use
  may I         --action and --resource: which policy and statement decide
  why refused   --request-id and --data: what the audit log of a server holds of
                a request, for who administers that server`

// explainFlags are the command line of "sojourn explain".
type explainFlags struct {
	clientFlags
	action, resource string
	context          contextFlag
	requestID, data  string
	format           string
}

func (f *explainFlags) register(flags *flag.FlagSet) {
	f.clientFlags.register(flags)
	f.registerEndpoint(flags)
	flags.StringVar(&f.action, "action", "", "the `ACTION` to ask about, such as codecommit:GitPush")
	flags.StringVar(&f.resource, "resource", "", "the `ARN` that the action is done to; may be left out for actions without a resource")
	flags.Var(&f.context, "context", "`KEY=VALUE` of the request's context, such as codecommit:References=refs/heads/main; may be repeated, also for several values of one key")
	flags.StringVar(&f.requestID, "request-id", "", "the `ID` at the end of Git's line, or in the header x-amzn-requestid")
	flags.StringVar(&f.data, "data", f.data, "`DIR` that the server keeps its data in")
	flags.StringVar(&f.format, "format", "text", "`FORMAT`: text or json")
}

func runExplain(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "explain [FLAGS]", explainAbout,
		"sojourn explain --profile CodeAccess\n"+
			"sojourn explain --action codecommit:GitPush --resource arn:aws:codecommit:us-east-1:111111111111:MyDemoRepo --context codecommit:References=refs/heads/main\n"+
			"sojourn explain --request-id 3f6f3f0e-55c6-4d0e-9e8e-0d7c1e6a2b11 --data /var/lib/sojourn")
	f := explainFlags{data: a.getenv(envName("data"))}
	f.register(flags)
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return usagef("unexpected argument %q", flags.Arg(0))
	case f.format != "text" && f.format != "json":
		return usagef("format %q: want text or json", f.format)
	case f.requestID != "" && (f.action != "" || f.resource != "" || len(f.context) > 0):
		return usagef("request-id: it goes without --action, --resource and --context")
	case f.requestID != "":
		return f.request(ctx, a)
	case f.action != "":
		return a.refused(f.permission(ctx, a))
	case f.resource != "" || len(f.context) > 0:
		return usagef("action: it is missing; give --action SERVICE:NAME")
	}
	return a.refused(f.identity(ctx, a))
}

// print writes v as JSON, or text where that is wanted.
func (f *explainFlags) print(a *app, v any, text string) error {
	if f.format == "text" {
		_, err := fmt.Fprint(a.stdout, text)
		return err
	}
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "    ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// contextFlag collects KEY=VALUE; a key that comes again has several values.
type contextFlag []contextEntry

type contextEntry struct {
	key    string
	values []string
}

func (c *contextFlag) String() string { return "" }

func (c *contextFlag) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || !strings.Contains(key, ":") {
		return fmt.Errorf("%q is not of the form KEY=VALUE with a key such as aws:SourceIp", text)
	}
	for i, e := range *c {
		if strings.EqualFold(e.key, key) {
			(*c)[i].values = append(e.values, value)
			return nil
		}
	}
	*c = append(*c, contextEntry{key, []string{value}})
	return nil
}

// plain keeps a terminal safe from outside text.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
