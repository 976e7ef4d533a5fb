package saml

import (
	"crypto/sha1" // AWS's formula for NameQualifier: a name, not a signature
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"time"
)

// Assertion is what a verified response says.
type Assertion struct {
	Provider string // ARN
	ID       string

	Subject     string
	SubjectType string // the NameID's format; "persistent" and "transient" are short
	Issuer      string
	Audience    string // the confirmation's Recipient, as on AWS

	// Roles are the ARNs of roles that the provider offers by its own ARN; there
	// is at least one. Those offered by other providers are left out.
	Roles []string

	SessionName     string
	SessionDuration time.Duration // at most; zero: not said
	SessionEnd      time.Time     // of the session at the provider; zero: not said

	// Tags, Transitive and SourceIdentity are the attributes of those names. The
	// grammar of tags is the business of who makes a session.
	Tags           map[string]string
	Transitive     []string
	SourceIdentity string

	// Context are the condition keys "saml:aud", "saml:sub" and so on, in lower
	// case. SessionKeys names those that later requests keep.
	Context map[string][]string

	InResponseTo string // the request that is answered; "" when nobody asked
	OneTimeUse   bool

	account, name        string
	issued, notOnOrAfter time.Time
}

// SessionKeys are the condition keys that also hold for the requests of the
// session; the others hold while the role is assumed.
var SessionKeys = []string{"saml:namequalifier", "saml:sub", "saml:sub_type"}

// NameQualifier tells apart subjects of the same name of different providers, by
// AWS's formula.
func (a *Assertion) NameQualifier() string {
	sum := sha1.Sum([]byte(a.Issuer + a.account + "/" + a.name))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Offers returns nil if the provider offers the role, else the error to answer.
func (a *Assertion) Offers(roleARN string) error {
	if slices.Contains(a.Roles, roleARN) {
		return nil
	}
	return attributesError("SAML Assertion doesn't contain the requested Role and Metadata in the attributes", "the role is not offered")
}

// Replay says under which key, and until when, a store has to remember that the
// assertion was used. AWS lets an assertion be used once more for another role
// within its five minutes, and clients do so: for them the key holds the role
// and the session name. With strict, or where the provider says OneTimeUse, an
// assertion is used once for all.
func (a *Assertion) Replay(roleARN string, strict bool) (key string, until time.Time) {
	parts := []string{a.Provider, a.ID}
	if !strict && !a.OneTimeUse {
		parts = append(parts, roleARN, a.SessionName)
	}
	h := sha256.New()
	for _, p := range parts {
		io.WriteString(h, p+"\x00")
	}
	until = a.issued.Add(maxAge)
	if a.notOnOrAfter.Before(until) {
		until = a.notOnOrAfter
	}
	return hex.EncodeToString(h.Sum(nil)), until.Add(skew)
}
