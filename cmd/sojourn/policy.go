package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"sojourn/internal/policy"
	"sojourn/internal/policy/lint"
)

// maxPolicyFile is more than any policy may have.
const maxPolicyFile = 1 << 20

func runPolicy(_ context.Context, a *app, args []string) error {
	if len(args) == 0 {
		return usagef(`policy: want "policy check FILE…"; "sojourn policy check --help" says more`)
	}
	switch args[0] {
	case "check":
		return runPolicyCheck(a, args[1:])
	case "help", "-h", "-help", "--help":
		return runPolicyCheck(a, []string{"--help"})
	}
	return usagef(`policy: there is no command %q; want "policy check FILE…"`, args[0])
}

var policyKinds = map[string]policy.Kind{
	"identity": policy.Identity, "trust": policy.Trust, "resource": policy.Resource,
	"session": policy.Session, "boundary": policy.Boundary,
}

// checked is one file with what was found in it.
type checked struct {
	File     string         `json:"file"`
	Findings []lint.Finding `json:"findings"`
}

func runPolicyCheck(a *app, args []string) error {
	flags := newFlags(a, "policy check [FLAGS] FILE…",
		"Prints what is wrong or doubtful in policy documents, one FILE:LINE:COLUMN a finding. \"-\" is the standard\n"+
			"input. Every code is explained in docs/operations/policy-findings.md.\n\n"+
			"Exit status: 0 nothing but suggestions; 1 errors or warnings; 2 a file could not be read, or a wrong command line.",
		"sojourn policy check --type trust CodeAccess.json")
	kind := flags.String("type", "", "`identity`, trust, resource, session or boundary; without it, what the document looks like")
	format := flags.String("format", "text", "`FORMAT`: text or json")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if _, ok := policyKinds[*kind]; !ok && *kind != "" {
		return usagef("policy check: --type is identity, trust, resource, session or boundary, not %q", *kind)
	}
	if *format != "text" && *format != "json" {
		return usagef("policy check: --format is text or json, not %q", *format)
	}
	if flags.NArg() == 0 {
		return usagef(`policy check: want files, or "-" for the standard input`)
	}
	return a.checkPolicies(flags.Args(), *kind, *format)
}

func (a *app) checkPolicies(files []string, kind, format string) error {
	status := exitStatus(0)
	all := []checked{}
	for _, file := range files {
		text, err := a.readPolicy(file)
		if err != nil {
			fmt.Fprintln(a.stderr, "sojourn:", err)
			status = 2
			continue
		}
		k, given := policyKinds[kind]
		if !given {
			k = lint.Guess(text)
		}
		c := checked{file, lint.Check(k, text)}
		if slices.ContainsFunc(c.Findings, func(f lint.Finding) bool { return f.Type != lint.Suggestion }) {
			status = max(status, 1)
		}
		all = append(all, c)
	}
	if err := a.printFindings(all, format); err != nil {
		return err
	}
	if status != 0 {
		return status
	}
	return nil
}

func (a *app) readPolicy(file string) (string, error) {
	in := a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("opening policy: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxPolicyFile+1))
	if err != nil {
		return "", fmt.Errorf("reading policy: %w", err)
	}
	if len(b) > maxPolicyFile {
		return "", fmt.Errorf("reading policy %q: it is longer than %d bytes", file, maxPolicyFile)
	}
	return string(b), nil
}

func (a *app) printFindings(all []checked, format string) error {
	if format == "json" {
		out := json.NewEncoder(a.stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "    ")
		if err := out.Encode(all); err != nil {
			return fmt.Errorf("writing findings: %w", err)
		}
		return nil
	}
	for _, c := range all {
		for _, f := range c.Findings {
			fmt.Fprintf(a.stdout, "%s:%d:%d: %s %s: %s\n", c.File, f.Start.Line, f.Start.Column+1, f.Type, f.Code, f.Message)
		}
	}
	return nil
}
