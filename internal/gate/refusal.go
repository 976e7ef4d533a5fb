package gate

import (
	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// denied words a refusal as AWS does, and adds the encoded message for those
// who are told the reason anyway. A role that may not be assumed is refused in
// one wording whatever the cause, so that it tells nothing about the role; and
// nobody tells a stranger anything.
func (g *Gate) denied(c *principal.Caller, r *Request, d policy.Decision, q *question) error {
	switch {
	case c.Kind == principal.Anonymous:
		return awserr.Denied("Not authorized to perform %s", r.Action)
	case r.Trust != nil:
		return refused(c, r, "")
	}
	e := refused(c, r, d.Reason(r.Action))
	e.Encoded = g.encoded(c, q, d)
	return e
}

// refused is AWS's sentence. Acts without a resource name none.
func refused(c *principal.Caller, r *Request, reason string) *awserr.Error {
	text := "User: " + c.ARN() + " is not authorized to perform: " + r.Action
	if r.Resource != "*" {
		text += " on resource: " + r.Resource
	}
	if reason != "" {
		text += " " + reason
	}
	return awserr.Denied("%s", text)
}
