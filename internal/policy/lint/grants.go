package lint

import "sojourn/internal/policy"

// grants tells of statements that allow more than any policy should. Policies
// of sessions and boundaries only limit and give nothing away; in a resource's
// own policy "*" is that resource.
func (l *linter) grants(s *statement) {
	if s.allows() && s.has("NotPrincipal") {
		l.add("ALLOW_WITH_NOT_PRINCIPAL", s.principalAt, "Allow with NotPrincipal lets in everybody who is not named, from every account. Name who may.")
	}
	if !s.allows() || len(s.conditions) > 0 || l.kind != policy.Identity {
		return
	}
	star, onStar := starIn(s.actions), starIn(s.resources)
	switch {
	case s.has("NotAction") && onStar != nil:
		l.add("ALLOW_WITH_NOT_ACTION_ON_STAR", s.at, `Allow with NotAction on "*" allows every action that is not named, those of other services and of the future too.`)
	case star != nil && onStar != nil && !s.has("NotAction", "NotResource"):
		l.add("ALLOW_EVERYTHING", s.at, `Action "*" on Resource "*" allows everything.`)
	default:
		l.passRole(s, onStar)
	}
}

// passRole has Access Analyzer's findings: who may pass every role may become any.
func (l *linter) passRole(s *statement, onStar *word) {
	if !s.names("iam:PassRole") {
		return
	}
	exactly := false
	for _, a := range s.actions {
		exactly = exactly || covers("iam:PassRole", a.text, true)
	}
	switch {
	case s.has("NotResource"):
		l.add("PASS_ROLE_WITH_NOT_RESOURCE", s.at, "iam:PassRole with NotResource lets every role be passed that is not named. Name those that may.")
	case onStar != nil && exactly:
		l.add("PASS_ROLE_WITH_STAR_IN_RESOURCE", onStar.at, `iam:PassRole on "*" lets every role be passed, administrators' too. Name those that may.`)
	case onStar != nil:
		l.add("PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", onStar.at, `The actions include iam:PassRole; on "*" it lets every role be passed, administrators' too.`)
	}
}

// starIn returns the word that stands for all.
func starIn(words []word) *word {
	for i := range words {
		if t := words[i].text; t == "*" || t == "*:*" || t == "arn:aws:*" || t == "arn:*" {
			return &words[i]
		}
	}
	return nil
}
