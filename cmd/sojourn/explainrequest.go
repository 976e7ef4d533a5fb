package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/node"
)

// request answers "why was this request refused" from a server's audit log.
func (f *explainFlags) request(ctx context.Context, a *app) error {
	if f.data == "" {
		return usagef("data: the directory is missing; give --data DIR, on the machine of the server")
	}
	found, err := node.Decisions(ctx, f.data, f.requestID)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("request-id %q: the audit log in %q has no record of it; the server's log may have a line", f.requestID, f.data)
	}
	var text strings.Builder
	for i, r := range found {
		if i > 0 {
			text.WriteString("\n")
		}
		describe(&text, r)
	}
	return f.print(a, found, text.String())
}

// describe writes one decision for a person.
func describe(w *strings.Builder, r audit.Record) {
	service, _, _ := strings.Cut(r.EventSource, ".")
	fmt.Fprintf(w, "%s  %s:%s at %s\n", answers[r.Decision], plain(service), plain(r.EventName), r.EventTime.UTC().Format(time.RFC3339))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "  %s\t%s\n", name, plain(value))
		}
	}
	line("who", who(r))
	line("from", r.SourceIP)
	line("on", r.Resource)
	for _, key := range slices.Sorted(maps.Keys(r.Params)) {
		line("with", key+" = "+r.Params[key])
	}
	line("decided by", decidedBy(r))
	line("reason", r.Reason)
	t.Flush()
}

var answers = map[string]string{"Allow": "ALLOWED", "Deny": "REFUSED"}

func who(r audit.Record) string {
	id := r.Identity
	text := id.ARN
	if text == "" || id.Type == "Anonymous" {
		text = "someone without a signature"
	}
	if id.Provider != "" {
		text += ", vouched for by " + id.Provider
	}
	if id.SourceIdent != "" {
		text += ", source identity " + id.SourceIdent
	}
	if id.AccessKeyID != "" {
		text += ", access key " + id.AccessKeyID
	}
	return text
}

// kindWords are the kinds of policy as refusals call them.
var kindWords = map[string]string{"identity": "identity-based policy", "session": "session policy", "boundary": "permissions boundary",
	"resource": "resource-based policy", "trust": "role trust policy"}

func decidedBy(r audit.Record) string {
	kind := kindWords[r.PolicyType]
	switch {
	case r.PolicyType == "service":
		return "a rule of the service, whatever the policies say"
	case r.PolicyType == "proof":
		return "what came with the request, before any policy: " + r.ErrorCode
	case kind == "" && r.Decision == "Allow":
		return "no policy: the root of an account may do everything in it"
	case r.Policy == "":
		return "the absence of a statement that allows it in any " + kind
	}
	text := fmt.Sprintf("%s %q, statement %d", kind, r.Policy, r.Statement)
	if r.Sid != "" {
		text += " (Sid " + r.Sid + ")"
	}
	return text
}
