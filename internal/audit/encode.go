package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// lineSize is more than most records take.
const lineSize = 1024

// encode is json.Marshal of a record and the end of its line. It is written out
// by hand, because every decision waits for it; a test holds the two together.
func encode(r *Record) ([]byte, error) {
	e := encoder{b: append(make([]byte, 0, lineSize), '{')}
	e.text("eventID", r.EventID)
	e.time("eventTime", r.EventTime)
	e.text("eventSource", r.EventSource)
	e.text("eventName", r.EventName)
	e.text("awsRegion", r.Region)
	e.optional("sourceIPAddress", r.SourceIP)
	e.optional("userAgent", r.UserAgent)
	e.text("requestID", r.RequestID)
	e.name("userIdentity")
	e.identity(&r.Identity)
	e.text("resource", r.Resource)
	e.text("recipientAccountId", r.Account)
	if len(r.Params) > 0 {
		e.name("requestParameters")
		e.params(r.Params)
	}
	e.text("decision", r.Decision)
	e.optional("reason", r.Reason)
	e.optional("policyType", r.PolicyType)
	e.optional("policy", r.Policy)
	if r.Statement != 0 {
		e.name("statement")
		e.b = strconv.AppendInt(e.b, int64(r.Statement), 10)
	}
	e.optional("sid", r.Sid)
	return append(e.b, '}', '\n'), e.err
}

// encoder appends members of an object. It keeps the first error.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) identity(i *Identity) {
	e.b = append(e.b, '{')
	e.text("type", i.Type)
	e.optional("principalId", i.PrincipalID)
	e.optional("arn", i.ARN)
	e.optional("accountId", i.Account)
	e.optional("accessKeyId", i.AccessKeyID)
	e.optional("identityProvider", i.Provider)
	e.optional("sourceIdentity", i.SourceIdent)
	if i.Issued != nil {
		e.time("sessionCreationDate", *i.Issued)
	}
	e.b = append(e.b, '}')
}

func (e *encoder) params(m map[string]string) {
	e.b = append(e.b, '{')
	for _, name := range slices.Sorted(maps.Keys(m)) {
		e.comma()
		e.quote(name)
		e.b = append(e.b, ':')
		e.quote(m[name])
	}
	e.b = append(e.b, '}')
}

func (e *encoder) comma() {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
}

// name begins a member whose name needs no escapes.
func (e *encoder) name(name string) {
	e.comma()
	e.b = append(e.b, '"')
	e.b = append(e.b, name...)
	e.b = append(e.b, '"', ':')
}

func (e *encoder) text(name, value string) {
	e.name(name)
	e.quote(value)
}

func (e *encoder) optional(name, value string) {
	if value != "" {
		e.text(name, value)
	}
}

func (e *encoder) time(name string, t time.Time) {
	e.name(name)
	e.b = append(e.b, '"')
	b, err := t.AppendText(e.b)
	if err != nil {
		e.fail(err)
		return
	}
	e.b = append(b, '"')
}

// quote writes a text as it is where it is plain, and leaves others to the library.
func (e *encoder) quote(s string) {
	if plain(s) {
		e.b = append(e.b, '"')
		e.b = append(e.b, s...)
		e.b = append(e.b, '"')
		return
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		e.fail(err)
	}
	e.b = append(e.b, quoted...)
}

func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = fmt.Errorf("encoding an audit record: %w", err)
	}
}
