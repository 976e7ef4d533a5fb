package lint

import (
	"slices"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/policy"
)

const (
	assumeRole      = "sts:AssumeRole"
	withWebIdentity = "sts:AssumeRoleWithWebIdentity"
	withSAML        = "sts:AssumeRoleWithSAML"
	withLDAP        = "sts:AssumeRoleWithLDAPIdentity"
)

// principals tells of those whom an Allow lets in without asking enough.
func (l *linter) principals(s *statement) {
	if !s.allows() || s.has("NotPrincipal") || l.kind != policy.Trust && l.kind != policy.Resource {
		return
	}
	for _, p := range s.principals {
		if l.kind == policy.Trust && !s.names(actionsOf(p)...) && s.names(assumeRole, withWebIdentity, withSAML, withLDAP) {
			l.add("PRINCIPAL_CANNOT_USE_ACTION", p.at, "%s does not call an action of this statement; what it calls is %s.", quoted(p.text), strings.Join(actionsOf(p), " or "))
			continue
		}
		provider, federated := providerOf(p)
		switch {
		case p.text == "*" && (p.kind == "*" || p.kind == "AWS"):
			l.everyone(s, p)
		case federated && l.kind == policy.Trust:
			l.federated(s, p, provider)
		case p.kind == "AWS" && l.kind == policy.Trust && isAccount(p.text) && len(s.conditions) == 0:
			l.add("TRUST_OF_ACCOUNT_WITHOUT_CONDITION", p.at, "If this is another account, everyone whom its administrators let may assume the role. Ask for sts:ExternalId (a service that acts for you) or aws:MultiFactorAuthPresent (people).")
		}
	}
}

// actionsOf are the actions by which a principal assumes a role.
func actionsOf(p named) []string {
	switch {
	case p.kind == "*":
		return []string{assumeRole, withWebIdentity, withSAML, withLDAP}
	case p.kind != "Federated":
		return []string{assumeRole}
	case strings.Contains(p.text, ":saml-provider/"):
		return []string{withSAML}
	case strings.HasPrefix(p.text, "arn:") && strings.Contains(p.text, ":directory/"):
		return []string{withLDAP}
	}
	return []string{withWebIdentity}
}

func isAccount(name string) bool {
	a, err := arn.Parse(name)
	return arn.IsAccount(name) || err == nil && a.Service == "iam" && a.Resource == "root"
}

// limits are keys of which a value says who the caller is, or where.
var limits = []string{
	"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principalservicename", "aws:userid", "aws:username",
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn",
	"aws:vpcsourceip", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "sts:externalid",
}

func (l *linter) everyone(s *statement, p named) {
	for _, key := range limits {
		if s.asks(key) {
			return
		}
	}
	l.add("TRUST_OF_EVERYONE", p.at, `"*" is everyone in every account. Name who may, or ask for aws:PrincipalArn, aws:PrincipalAccount or the like.`)
}

// asks reports whether the statement holds only for some values of key.
func (s *statement) asks(key string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		return c.key == key && c.limits() && !slices.ContainsFunc(c.values, func(w word) bool { return leavesOpen(w.text) })
	})
}

// limits reports whether the condition keeps out requests with other values of
// its key, and those without it; every token and assertion has a subject and an audience.
func (c *condition) limits() bool {
	there := strings.HasSuffix(c.key, ":sub") || strings.HasSuffix(c.key, ":aud")
	return c.base != "Null" && !c.negated() && (there || !c.holdsWithout())
}

// onlyWildcards reports whether a value leaves nothing out.
func onlyWildcards(s string) bool {
	return strings.Contains(s, "*") && strings.Trim(s, "*?:") == ""
}

// leavesOpen reports whether a value fits callers of every account or network.
func leavesOpen(s string) bool {
	if parts := strings.SplitN(s, ":", 6); parts[0] == "arn" {
		return len(parts) < 5 || strings.ContainsAny(parts[4], "*?")
	}
	return onlyWildcards(s) || strings.HasSuffix(s, "/0")
}

// providerOf returns the prefix of the keys of a federated principal.
func providerOf(p named) (prefix string, federated bool) {
	if p.kind != "Federated" {
		return "", false
	}
	a, err := arn.Parse(p.text)
	if err != nil {
		return p.text, true
	}
	what, name, _ := strings.Cut(a.Resource, "/")
	switch what {
	case "saml-provider":
		return "saml", true
	case "directory":
		return "ds", true
	}
	return name, true
}
