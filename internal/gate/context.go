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

// ownKeys is more than the number of keys that we fill for a request without tags.
const ownKeys = 24

// keys builds a request's context. Single values share one piece of memory,
// for this is done for every request.
type keys struct {
	context policy.Context
	values  []string
}

func (k *keys) set(name, value string) {
	k.values = append(k.values, value)
	n := len(k.values)
	k.context[name] = k.values[n-1 : n : n]
}

func (k *keys) tag(prefix, key, value string) { k.set(prefix+strings.ToLower(key), value) }

// contextOf fills the condition keys of a request: those of every request, of
// its caller, of its resource, and what the act and the caller's provider add.
// What they add is set first, so that it never replaces a key of ours; a key of
// a provider never stands for one of a service.
func contextOf(c *principal.Caller, r *Request, tags []store.Tag) policy.Context {
	room := ownKeys + len(tags) + len(c.Tags) + len(r.ResourceTags)
	k := keys{make(policy.Context, room+len(r.Context)+len(c.Claims)), make([]string, 0, room)}
	for name, values := range c.Claims {
		if name = strings.ToLower(name); !reserved(name) {
			k.context[name] = values
		}
	}
	for name, values := range r.Context {
		k.context[name] = values
	}
	k.request(c)
	k.set("aws:resourceaccount", r.ResourceAccount)
	for _, t := range r.ResourceTags {
		k.tag("aws:resourcetag/", t.Key, t.Value)
	}
	if c.Kind != principal.Anonymous {
		k.caller(c, tags)
	}
	return k.context
}

// reserved reports whether a key belongs to a service, so that no identity
// provider may fill it.
func reserved(name string) bool {
	prefix, _, _ := strings.Cut(name, ":")
	return prefix == "aws" || prefix == "sts" || prefix == "iam" || prefix == "codecommit"
}

func (k *keys) request(c *principal.Caller) {
	k.set("aws:currenttime", c.Time.UTC().Format(isoTime))
	k.set("aws:epochtime", strconv.FormatInt(c.Time.Unix(), 10))
	k.set("aws:securetransport", strconv.FormatBool(c.Secure))
	k.set("aws:requestedregion", c.Region)
	k.set("aws:viaawsservice", "false")
	k.set("aws:principaltype", c.Type())
	k.set("aws:userid", c.UserID())
	k.set("aws:useragent", c.UserAgent)
	if c.SourceIP.IsValid() {
		k.set("aws:sourceip", c.SourceIP.Unmap().String())
	}
}

func (k *keys) caller(c *principal.Caller, tags []store.Tag) {
	k.set("aws:principalaccount", c.Account)
	k.set("aws:principalarn", c.PrincipalARN())
	k.set("aws:principalisawsservice", "false")
	if c.Kind == principal.User {
		k.set("aws:username", c.Name)
	}
	for _, t := range tags {
		k.tag("aws:principaltag/", t.Key, t.Value)
	}
	for key, value := range c.Tags { // a session's tag wins over its role's or user's
		k.tag("aws:principaltag/", key, value)
	}
	if c.Provider != "" {
		k.set("aws:federatedprovider", c.Provider)
	}
	if c.SourceIdent != "" {
		k.set("aws:sourceidentity", c.SourceIdent)
	}
	if c.Temporary {
		k.set("aws:tokenissuetime", c.Issued.UTC().Format(isoTime))
	}
	k.mfa(c)
}

// mfa sets the keys that are absent for long-term keys, so that a condition can
// tell them apart, unless this very request brings a device's code.
func (k *keys) mfa(c *principal.Caller) {
	if !c.Temporary && c.MFA.IsZero() {
		return
	}
	k.set("aws:multifactorauthpresent", strconv.FormatBool(!c.MFA.IsZero()))
	if !c.MFA.IsZero() {
		k.set("aws:multifactorauthage", strconv.FormatInt(int64(c.Time.Sub(c.MFA)/time.Second), 10))
	}
}
