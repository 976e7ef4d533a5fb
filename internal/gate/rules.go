package gate

import (
	"strings"

	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// Acts that need no permission, for they tell or give nothing that the caller
// has not got. A Deny on GetSessionToken counts, as in the policies with which
// AWS demands MFA; one on GetCallerIdentity does not.
const (
	whoAmI     = "sts:GetCallerIdentity"
	newSession = "sts:GetSessionToken"
)

// rule is what a service says of a caller whatever the policies say. It stands
// here, before any decision, so that no operation can leave it out.
type rule struct {
	admits  bool // no permission is needed
	reason  string
	refusal *awserr.Error // nil where AWS words it as any refusal
}

// ruleFor returns the service's rule on a call, and false where the policies
// decide. The credentials of an account's root are always temporary here: they
// stand for its long-term key and are no session to these rules.
func ruleFor(c *principal.Caller, action string) (rule, bool) {
	service, name, _ := strings.Cut(action, ":")
	session := c.Temporary && c.Kind != principal.Root
	switch {
	case c.Kind == principal.Anonymous:
		return rule{}, false
	case action == whoAmI:
		return rule{admits: true}, true
	case session && service == "iam" && keptFromIAM(c):
		return rule{reason: "because " + kindOf(c) + " may not call IAM", refusal: awserr.InvalidToken()}, true
	case session && service == "sts" && keptFromSTS(c, name):
		r := rule{reason: "because " + kindOf(c) + " may not call " + name}
		if !assuming(name) {
			r.refusal = awserr.Denied("Cannot call %s with session credentials", name)
		}
		return r, true
	}
	return rule{}, false
}

// keptFromIAM reports whether a session may not call IAM: a federated user's
// never, a user's only when it was begun with MFA.
func keptFromIAM(c *principal.Caller) bool {
	return c.Kind == principal.Federated || c.Kind == principal.User && c.MFA.IsZero()
}

// keptFromSTS reports whether a session may not call an operation of STS.
func keptFromSTS(c *principal.Caller, name string) bool {
	switch c.Kind {
	case principal.Federated:
		return true
	case principal.User:
		return !assuming(name)
	}
	return name == "GetSessionToken" || name == "GetFederationToken"
}

// assuming reports whether an action is AssumeRole or what it asks beside it.
func assuming(name string) bool {
	return name == "AssumeRole" || name == "TagSession" || name == "SetSourceIdentity"
}

func kindOf(c *principal.Caller) string {
	switch {
	case c.Kind == principal.Federated:
		return "a session of GetFederationToken"
	case c.Kind == principal.AssumedRole:
		return "a session of a role"
	case c.MFA.IsZero():
		return "a session of GetSessionToken without MFA"
	}
	return "a session of GetSessionToken"
}

// unneeded reports whether a decision may be passed over because nobody needs a
// permission for the act: only a Deny counts, and a trust policy that stands for
// a refusal.
func unneeded(c *principal.Caller, r *Request, d policy.Decision) bool {
	return r.Action == newSession && r.Trust == nil && !d.Explicit && c.Kind != principal.Anonymous
}
