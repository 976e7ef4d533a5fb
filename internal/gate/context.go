package gate

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// isoTime is the form of aws:CurrentTime and aws:TokenIssueTime, which are in
// UTC: 2006-01-02T15:04:05Z.
const isoTime = time.RFC3339

// ownKeys is more than the number of keys that we fill for a request without tags.
const ownKeys = 24

// keys builds a request's context. Its memory is used again for the next
// request, for this is done for every one; single values share one piece of it.
type keys struct {
	context policy.Context
	values  []string
}

var keysPool = sync.Pool{New: func() any { return &keys{make(policy.Context, ownKeys), make([]string, 0, ownKeys)} }}

// maxReused bounds the memory that waits for the next request.
const maxReused = 128

func (k *keys) giveBack() {
	if len(k.context) > maxReused || cap(k.values) > maxReused {
		return
	}
	clear(k.context)
	clear(k.values)
	k.values = k.values[:0]
	keysPool.Put(k)
}

func (k *keys) set(name, value string) {
	k.values = append(k.values, value)
	n := len(k.values)
	k.context[name] = k.values[n-1 : n : n]
}

func (k *keys) tag(prefix, key, value string) { k.set(prefix+strings.ToLower(key), value) }

// fill fills in the condition keys of a request: those of every request, of
// its caller, of its resource, and what the act and the caller's provider add.
// What they add is set first, so that it never replaces a key of ours; a key of
// a provider never stands for one of a service.
func (k *keys) fill(c *principal.Caller, r *Request, n *names, tags []store.Tag) policy.Context {
	for name, values := range c.Claims {
		if name = strings.ToLower(name); !reserved(name, c.Provider) {
			k.context[name] = values
		}
	}
	for name, values := range r.Context {
		k.context[name] = values
	}
	k.request(c, n)
	k.set("aws:resourceaccount", r.ResourceAccount)
	for _, t := range r.ResourceTags {
		k.tag("aws:resourcetag/", t.Key, t.Value)
	}
	if c.Kind != principal.Anonymous {
		k.caller(c, n, tags)
	}
	return k.context
}

// reserved reports whether a key belongs to a service, so that no identity
// provider may fill it: those of directories are for directories.
func reserved(name, provider string) bool {
	prefix, _, _ := strings.Cut(name, ":")
	if prefix == "ds" {
		a, err := arn.Parse(provider)
		return err != nil || a.Service != "ds"
	}
	return prefix == "aws" || prefix == "sts" || prefix == "iam" || prefix == "codecommit"
}

func (k *keys) request(c *principal.Caller, n *names) {
	k.times(c)
	k.set("aws:securetransport", strconv.FormatBool(c.Secure))
	k.set("aws:requestedregion", c.Region)
	k.set("aws:viaawsservice", "false")
	k.set("aws:principaltype", c.Type())
	k.set("aws:userid", n.userID)
	k.set("aws:useragent", c.UserAgent)
	if c.SourceIP.IsValid() {
		k.set("aws:sourceip", c.SourceIP.Unmap().String())
	}
}

// times sets the keys that are times, all in one piece of memory.
func (k *keys) times(c *principal.Caller) {
	var buf [3 * len(isoTime)]byte
	b := c.Time.UTC().AppendFormat(buf[:0], isoTime)
	now := len(b)
	b = strconv.AppendInt(b, c.Time.Unix(), 10)
	epoch := len(b)
	if c.Temporary && c.Kind != principal.Anonymous {
		b = c.Issued.UTC().AppendFormat(b, isoTime)
	}
	text := string(b)
	k.set("aws:currenttime", text[:now])
	k.set("aws:epochtime", text[now:epoch])
	if epoch < len(text) {
		k.set("aws:tokenissuetime", text[epoch:])
	}
}

func (k *keys) caller(c *principal.Caller, n *names, tags []store.Tag) {
	k.set("aws:principalaccount", c.Account)
	k.set("aws:principalarn", n.principalARN)
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
