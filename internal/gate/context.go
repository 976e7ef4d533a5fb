package gate

import (
	"strconv"
	"strings"
	"time"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// isoTime is the form of aws:CurrentTime and aws:TokenIssueTime.
const isoTime = "2006-01-02T15:04:05Z"

// contextOf fills the condition keys of a request: those of every request, of
// its caller, of its resource, and what the act and the caller's provider add.
// What they add is set first, so that it never replaces a key of ours.
func contextOf(c *principal.Caller, r *Request, tags []store.Tag) policy.Context {
	k := make(policy.Context, 24+len(r.Context))
	for name, values := range r.Context {
		k[name] = values
	}
	for name, values := range c.Claims {
		k[strings.ToLower(name)] = values
	}
	set := func(name, value string) { k[name] = []string{value} }
	set("aws:currenttime", c.Time.UTC().Format(isoTime))
	set("aws:epochtime", strconv.FormatInt(c.Time.Unix(), 10))
	set("aws:securetransport", strconv.FormatBool(c.Secure))
	set("aws:requestedregion", c.Region)
	set("aws:viaawsservice", "false")
	set("aws:resourceaccount", r.ResourceAccount)
	set("aws:principaltype", c.Type())
	set("aws:userid", c.UserID())
	if c.UserAgent != "" {
		set("aws:useragent", c.UserAgent)
	}
	if c.SourceIP.IsValid() {
		set("aws:sourceip", c.SourceIP.Unmap().String())
	}
	for _, t := range r.ResourceTags {
		set("aws:resourcetag/"+strings.ToLower(t.Key), t.Value)
	}
	if c.Kind != principal.Anonymous {
		callerKeys(c, tags, set)
	}
	return k
}

func callerKeys(c *principal.Caller, tags []store.Tag, set func(name, value string)) {
	set("aws:principalaccount", c.Account)
	set("aws:principalarn", c.PrincipalARN())
	set("aws:principalisawsservice", "false")
	if c.Kind == principal.User {
		set("aws:username", c.Name)
	}
	for _, t := range tags {
		set("aws:principaltag/"+strings.ToLower(t.Key), t.Value)
	}
	for key, value := range c.Tags { // a session's tag wins over its role's
		set("aws:principaltag/"+strings.ToLower(key), value)
	}
	if c.Provider != "" {
		set("aws:federatedprovider", c.Provider)
	}
	if c.SourceIdent != "" {
		set("aws:sourceidentity", c.SourceIdent)
	}
	if c.Temporary {
		set("aws:tokenissuetime", c.Issued.UTC().Format(isoTime))
	}
	mfaKeys(c, set)
}

// mfaKeys are absent for long-term keys, so that a condition can tell them
// apart, unless this very request brings a device's code.
func mfaKeys(c *principal.Caller, set func(name, value string)) {
	if !c.Temporary && c.MFA.IsZero() {
		return
	}
	set("aws:multifactorauthpresent", strconv.FormatBool(!c.MFA.IsZero()))
	if !c.MFA.IsZero() {
		set("aws:multifactorauthage", strconv.FormatInt(int64(c.Time.Sub(c.MFA)/time.Second), 10))
	}
}
