package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/client/apicall"
	"sojourn/internal/client/session"
	"sojourn/internal/wire/iamwire"
)

// simulation is the part of SimulatePrincipalPolicy's answer that is shown.
type simulation struct {
	EvaluationResults []struct {
		EvalActionName, EvalResourceName, EvalDecision string
		MatchedStatements                              []struct {
			SourcePolicyId, SourcePolicyType string
			StartPosition, EndPosition       struct{ Line, Column int }
		}
		MissingContextValues              []string // of an act without a resource
		ResourceSpecificResults           []struct{ MissingContextValues []string }
		PermissionsBoundaryDecisionDetail *struct{ AllowedByPermissionsBoundary bool }
	}
}

// permission answers "may I" by the server's own simulation of the caller's
// policies.
func (f *explainFlags) permission(ctx context.Context, a *app) error {
	user, err := f.session(a)
	if err != nil {
		return err
	}
	id, err := f.whoAmI(ctx, user)
	if err != nil {
		return err
	}
	source, err := f.policySource(ctx, user, id)
	if err != nil {
		return err
	}
	simulate, err := apicall.Find(iamwire.Service(), "simulate-principal-policy")
	if err != nil {
		return err
	}
	out, err := f.ask(ctx, user, iamwire.Service(), simulate, f.simulated(source))
	if err != nil {
		return err
	}
	var result simulation
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		return fmt.Errorf("the server's answer is not understood: %w", err)
	}
	return f.print(a, json.RawMessage(out), result.text(id.Arn, source))
}

// policySource is whose policies are simulated: the user, or the role behind a
// session. A role's path is not in its session's name, so IAM is asked for it;
// who may not ask is taken to have a role without one.
func (f *explainFlags) policySource(ctx context.Context, user *session.Session, id *identity) (string, error) {
	a, err := arn.Parse(id.Arn)
	if err != nil {
		return "", fmt.Errorf("the server's answer is not understood: %w", err)
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case "root":
		return "", fmt.Errorf("%s is the root of the account: no policy of the account limits it, so there is nothing to simulate", id.Arn)
	case "federated-user":
		return "", fmt.Errorf("%s is a federated user, who may not call IAM; ask with the credentials of the user who made the session", id.Arn)
	case "user":
		return id.Arn, nil
	}
	role, _, _ := strings.Cut(rest, "/")
	out, err := f.ask(ctx, user, iamwire.Service(), iamwire.Service().Operations["GetRole"], apicall.Input{"RoleName": role})
	var found struct{ Role struct{ Arn string } }
	if err != nil || json.Unmarshal([]byte(out), &found) != nil || found.Role.Arn == "" {
		return arn.IAM(a.Account, "role/"+role), nil
	}
	return found.Role.Arn, nil
}

func (f *explainFlags) simulated(source string) apicall.Input {
	in := apicall.Input{"PolicySourceArn": source, "ActionNames": []any{f.action}}
	if f.resource != "" {
		in["ResourceArns"] = []any{f.resource}
	}
	var entries []any
	for _, e := range f.context {
		kind, values := "string", []any{}
		if len(e.values) > 1 {
			kind = "stringList"
		}
		for _, v := range e.values {
			values = append(values, v)
		}
		entries = append(entries, map[string]any{"ContextKeyName": e.key, "ContextKeyType": kind, "ContextKeyValues": values})
	}
	if entries != nil {
		in["ContextEntries"] = entries
	}
	return in
}

// text tells a simulation to a person.
func (s *simulation) text(caller, source string) string {
	var b strings.Builder
	for _, r := range s.EvaluationResults {
		verb := "may not"
		if r.EvalDecision == "allowed" {
			verb = "may"
		}
		fmt.Fprintf(&b, "%s %s do %s on %s: %s\n", caller, verb, r.EvalActionName, r.EvalResourceName, r.EvalDecision)
		for _, m := range r.MatchedStatements {
			fmt.Fprintf(&b, "  decided by the statement at line %d, column %d of %s (%s)\n", m.StartPosition.Line, m.StartPosition.Column, m.SourcePolicyId, m.SourcePolicyType)
		}
		if len(r.MatchedStatements) == 0 {
			b.WriteString("  no statement decides\n")
		}
		if d := r.PermissionsBoundaryDecisionDetail; d != nil && !d.AllowedByPermissionsBoundary {
			b.WriteString("  the permissions boundary does not allow it\n")
		}
		missing := r.MissingContextValues
		for _, one := range r.ResourceSpecificResults {
			missing = append(missing, one.MissingContextValues...)
		}
		if len(missing) > 0 {
			fmt.Fprintf(&b, "  policies ask for keys that were not given: %s; give --context KEY=VALUE\n", strings.Join(missing, ", "))
		}
	}
	if source != caller {
		fmt.Fprintf(&b, "These are the policies of %s; the session may have policies of its own that allow less.\n", source)
	}
	return multiline(b.String())
}

// multiline is plain for a text of several lines.
func multiline(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return strings.Join(lines, "\n")
}
