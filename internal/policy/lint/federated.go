package lint

import (
	"slices"
	"strings"
)

// federated tells of trust in an identity provider that does not say for which
// of its identities, or for which recipient its proof must be made out.
func (l *linter) federated(s *statement, p named, provider string) {
	keys := strings.ToLower(provider)
	switch provider {
	case "saml":
		if !s.asks("saml:aud") {
			l.add("SAML_TRUST_WITHOUT_AUDIENCE", p.at, "Any assertion of this provider is taken, whomever it was made out to. Ask for SAML:aud.")
		}
	case "ds":
		if !s.asks("ds:groups") && !s.asks("ds:username") && !s.asks("ds:dn") {
			l.add("TRUST_OF_EVERY_USER", p.at, "Every user of this directory may assume the role. Ask for ds:groups, ds:username or ds:dn.")
		}
	case "www.amazon.com", "graph.facebook.com":
		if !s.asks(keys + ":app_id") {
			l.add("OIDC_TRUST_WITHOUT_AUDIENCE", p.at, "Any token of this provider is taken, whichever application it was made out to. Ask for %s:app_id.", provider)
		}
	default:
		l.oidc(s, p, keys)
	}
}

// shared are providers that anybody can get a token from.
var shared = []string{
	"token.actions.githubusercontent.com", "gitlab.com", "accounts.google.com", "cognito-identity.amazonaws.com",
	"app.terraform.io", "agent.buildkite.com", "oidc.vercel.com", "api.pulumi.com/oidc", "oidc.codefresh.io",
}

// identifying are the claims that say who or what a token is for. Cognito's
// amr tells signed-in users from guests.
func identifying(provider string) []string {
	switch provider {
	case "cognito-identity.amazonaws.com":
		return []string{"sub", "amr"}
	case "accounts.google.com":
		return []string{"sub", "email"}
	case "token.actions.githubusercontent.com":
		return []string{"sub", "repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref"}
	case "gitlab.com":
		return []string{"sub", "namespace_id", "namespace_path", "project_id", "project_path"}
	}
	return []string{"sub"}
}

func (l *linter) oidc(s *statement, p named, provider string) {
	audience := s.asks(provider+":aud") || s.asks(provider+":azp") || s.asks(provider+":oaud")
	if !audience {
		l.add("OIDC_TRUST_WITHOUT_AUDIENCE", p.at, "Tokens of this provider are taken for any of its registered clients. Ask for %s:aud.", quotedProvider(provider))
	}
	known := slices.Contains(shared, provider)
	asks := func(claim string) bool { return s.asks(provider + ":" + claim) }
	if !slices.ContainsFunc(identifying(provider)[1:], asks) && l.broadSubjects(s, provider, known) {
		return
	}
	subject := slices.ContainsFunc(identifying(provider), asks)
	switch {
	case subject:
	case known:
		l.add("OIDC_TRUST_WITHOUT_SUBJECT", p.at, "Anybody can get a token of this provider, and so the role. Ask for %s:sub.", quotedProvider(provider))
	case !audience:
		l.add("OIDC_TRUST_WITHOUT_SUBJECT", p.at, "Every token of this provider opens the role. Ask for %s:sub.", quotedProvider(provider))
	case !s.asksProvider(provider):
		l.add("TRUST_OF_EVERY_USER", p.at, "Every user of this provider may assume the role. Ask for %s:sub, or another claim, if not all shall.", quotedProvider(provider))
	}
}

func quotedProvider(s string) string { return strings.Trim(quoted(s), `"`) }

// asksProvider reports whether the statement asks for a claim besides the audience.
func (s *statement) asksProvider(provider string) bool {
	return slices.ContainsFunc(s.conditions, func(c condition) bool {
		claim, ok := strings.CutPrefix(c.key, provider+":")
		return ok && claim != "aud" && claim != "azp" && claim != "oaud" && c.limits()
	})
}

// broadSubjects tells of patterns of the subject that others can make their own fit.
func (l *linter) broadSubjects(s *statement, provider string, known bool) (told bool) {
	for _, c := range s.conditions {
		if c.key != provider+":sub" || c.base != "StringLike" {
			continue
		}
		for _, w := range c.values {
			if onlyWildcards(w.text) || known && broad(w.text) {
				l.add("OIDC_TRUST_WITH_BROAD_SUBJECT", w.at, "%s fits subjects of people whom you do not know. Write out whose they are, as in repo:ORGANIZATION/….", quoted(w.text))
				told = true
			}
		}
	}
	return told
}

// broad reports whether a pattern of a subject such as repo:OWNER/NAME:ref:REF
// leaves open whose it is: a wildcard, or nothing, before the end of OWNER.
func broad(subject string) bool {
	kind, rest, found := strings.Cut(subject, ":")
	if !found || strings.ContainsAny(kind, "*?") {
		return strings.ContainsAny(kind, "*?")
	}
	owner := rest
	if end := strings.IndexAny(rest, "/:"); end >= 0 {
		owner = rest[:end]
	}
	return owner == "" || strings.ContainsAny(owner, "*?")
}
