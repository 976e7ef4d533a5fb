package saml

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/lazyre"
)

const (
	skew      = time.Minute
	maxAge    = 5 * time.Minute // of an assertion: AWS's limit
	maxNameID = 256             // characters

	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	bearer        = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	formatPrefix  = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	formatEntity  = formatPrefix + "entity"
	formatSecret  = formatPrefix + "encrypted"
	formatAny     = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// judge applies the rules that need the clock, the provider, and our own names,
// and fills in what they are about. The response outside the assertion may not
// be proven: it can only add reasons to refuse.
func (v *Verifier) judge(e evidence, a *Assertion) error {
	if err := v.judgeResponse(e); err != nil {
		return err
	}
	n := e.assertion
	if n.attr("Version") != "2.0" {
		return policyError("an assertion of version %q", n.attr("Version"))
	}
	if err := checkIssuer(n.saml("Issuer"), e.provider); err != nil {
		return err
	}
	a.ID, a.Issuer = n.attr("ID"), n.saml("Issuer").text
	if err := a.readSubject(n.saml("Subject").saml("NameID")); err != nil {
		return err
	}
	if err := v.confirm(n.saml("Subject").saml("SubjectConfirmation"), e, a); err != nil {
		return err
	}
	if err := v.conditions(n.saml("Conditions"), e.now, a); err != nil {
		return err
	}
	if err := a.readSession(n.saml("AuthnStatement"), e.now); err != nil {
		return err
	}
	return a.readAge(n, e.now)
}

func policyError(format string, args ...any) error {
	return invalid("The SAML response does not meet the requirements of AssumeRoleWithSAML", refuse(StagePolicy, format, args...))
}

func (v *Verifier) judgeResponse(e evidence) error {
	r := e.response
	status := r.child(name{nsProtocol, "Status"}).child(name{nsProtocol, "StatusCode"}).attr("Value")
	issued, err := instant(r, "IssueInstant")
	switch {
	case status != statusSuccess:
		return rejected("The identity provider has not signed the user in", refuse(StagePolicy, "status %q", printable(status)))
	case r.attr("Version") != "2.0":
		return policyError("a response of version %q", printable(r.attr("Version")))
	case err != nil:
		return err
	case issued.After(e.now.Add(skew)):
		return policyError("the response is of the future")
	case r.has("Destination") && !slices.Contains(v.o.Recipients, r.attr("Destination")):
		return policyError("destination %q is not ours", printable(r.attr("Destination")))
	}
	if issuer := r.child(elIssuer); issuer != nil {
		return checkIssuer(issuer, e.provider)
	}
	return nil
}

func checkIssuer(n *node, p Provider) error {
	if n.text != p.Metadata.EntityID || n.has("Format") && n.attr("Format") != formatEntity {
		return invalid("Issuer not present in specified provider", refuse(StagePolicy, "issuer %q", printable(n.text)))
	}
	return nil
}

func (a *Assertion) readSubject(n *node) error {
	a.Subject, a.SubjectType = n.text, n.attr("Format")
	if a.SubjectType == "" {
		a.SubjectType = formatAny
	}
	switch {
	case !plain(a.Subject, maxNameID):
		return policyError("NameID is empty, too long or holds control characters")
	case a.SubjectType == formatEntity || a.SubjectType == formatSecret || !absoluteURI.MatchString(a.SubjectType):
		return policyError("NameID of format %q", printable(a.SubjectType))
	}
	a.SubjectType = strings.TrimPrefix(a.SubjectType, formatPrefix)
	return nil
}

// confirm checks that the bearer may use the assertion, here and now.
func (v *Verifier) confirm(n *node, e evidence, a *Assertion) error {
	data := n.saml("SubjectConfirmationData")
	end, err := instant(data, "NotOnOrAfter")
	a.Audience, a.InResponseTo = data.attr("Recipient"), data.attr("InResponseTo")
	switch {
	case n.attr("Method") != bearer:
		return policyError("confirmation by %q", printable(n.attr("Method")))
	case err != nil:
		return err
	case data.has("NotBefore"):
		return policyError("a bearer's confirmation may not have NotBefore")
	case !slices.Contains(v.o.Recipients, a.Audience):
		return policyError("recipient %q is not ours", printable(a.Audience))
	case !e.now.Before(end.Add(skew)):
		return expired("Token has expired", refuse(StagePolicy, "the confirmation has ended"))
	case e.response.has("InResponseTo") && e.response.attr("InResponseTo") != a.InResponseTo:
		return policyError("the response and the confirmation answer different requests")
	}
	a.notOnOrAfter = end
	return nil
}

// conditions wants each restriction of the audience to name us.
func (v *Verifier) conditions(n *node, now time.Time, a *Assertion) error {
	start, err := optionalInstant(n, "NotBefore")
	if err != nil {
		return err
	}
	end, err := optionalInstant(n, "NotOnOrAfter")
	if err != nil {
		return err
	}
	restrictions := n.all(name{nsAssertion, "AudienceRestriction"})
	foreign := slices.ContainsFunc(restrictions, func(r *node) bool {
		return !slices.ContainsFunc(r.children, func(c *node) bool { return slices.Contains(v.o.Audiences, c.text) })
	})
	switch {
	case len(restrictions) == 0 || foreign:
		return invalid("Response does not contain the required audience.", refuse(StagePolicy, "the audience is not us"))
	case start.After(now.Add(skew)):
		return policyError("the conditions are not met yet")
	case !end.IsZero() && !now.Before(end.Add(skew)):
		return expired("Token has expired", refuse(StagePolicy, "the conditions have ended"))
	case !end.IsZero() && !start.Before(end):
		return policyError("the conditions end before they start")
	}
	a.OneTimeUse = n.saml("OneTimeUse") != nil
	return nil
}

func (a *Assertion) readSession(n *node, now time.Time) error {
	authenticated, err := instant(n, "AuthnInstant")
	if err != nil {
		return err
	}
	if a.SessionEnd, err = optionalInstant(n, "SessionNotOnOrAfter"); err != nil {
		return err
	}
	switch {
	case authenticated.After(now.Add(skew)):
		return policyError("the sign-in is of the future")
	case !a.SessionEnd.IsZero() && !now.Before(a.SessionEnd):
		return expired("Token has expired", refuse(StagePolicy, "the session at the provider has ended"))
	}
	return nil
}

func (a *Assertion) readAge(n *node, now time.Time) error {
	issued, err := instant(n, "IssueInstant")
	switch {
	case err != nil:
		return err
	case issued.After(now.Add(skew)):
		return policyError("the assertion is of the future")
	case now.After(issued.Add(maxAge)):
		return expired("Token must be redeemed within 5 minutes of issuance", refuse(StagePolicy, "issued at %s", issued))
	}
	a.issued = issued
	return nil
}

// utc is the one form of dates that SAML allows.
var utc = lazyre.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$`)

func instant(n *node, attr string) (time.Time, error) {
	s := n.attr(attr)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !utc.MatchString(s) {
		return time.Time{}, policyError("%s of %s is no date in UTC", attr, n.name.local)
	}
	return t, nil
}

// optionalInstant is the zero time where the attribute is absent.
func optionalInstant(n *node, attr string) (time.Time, error) {
	if !n.has(attr) {
		return time.Time{}, nil
	}
	return instant(n, attr)
}

// plain reports whether s can be shown and compared: not blank, not long, no
// control character, none that stands for a damaged one, none that is invisible.
func plain(s string, longest int) bool {
	return trim(s) != "" && s == strings.TrimSpace(s) && len([]rune(s)) <= longest && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	})
}

// printable makes outside text fit for a record.
func printable(s string) string {
	if len(s) > maxNameID {
		s = s[:maxNameID] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
