package gate

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// kinds are the kinds of policy as records call them.
var kinds = [...]string{
	policy.Identity: "identity", policy.Trust: "trust", policy.Session: "session",
	policy.Boundary: "boundary", policy.Resource: "resource",
}

// byService stands for a kind of policy where a rule of the service decided.
const byService = "service"

// outcome is an answer as it is recorded.
type outcome struct {
	policy.Decision
	by     string // what decided: a kind of policy, or byService
	reason string // of a refusal
}

func decided(d policy.Decision, action string) outcome {
	o := outcome{d, kinds[d.By], d.Reason(action)}
	if d.Allowed && d.PolicyName == "" {
		o.by = "" // the root of an account has no policy
	}
	return o
}

func (g *Gate) record(c *principal.Caller, r *Request, n *names, o outcome, m made) error {
	rec := g.event(c, r, n)
	rec.Decision, rec.PolicyType, rec.Policy, rec.Sid, rec.Issued = "Allow", o.by, o.PolicyName, o.Sid, m.issued
	if o.PolicyName != "" {
		rec.Statement = o.Statement + 1
	}
	if !o.Allowed {
		rec.Decision, rec.Reason = "Deny", o.reason
	}
	if m.err != nil { // a policy has allowed it, and it came to nothing
		failed(&rec, m.err)
		rec.PolicyType, rec.Policy, rec.Statement, rec.Sid = byService, "", 0, ""
	}
	return g.write(c, rec)
}

// failed notes what a request is refused with.
func failed(rec *audit.Record, err error) {
	e := awserr.From(err)
	rec.Decision, rec.Reason, rec.Issued = "Deny", e.Message, nil
	rec.ErrorCode, rec.ErrorMessage = e.Code, e.Message
}

func (g *Gate) write(c *principal.Caller, rec audit.Record) error {
	if c.Recorded != nil {
		*c.Recorded = true
	}
	if err := g.audit.Record(rec); err != nil {
		return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusServiceUnavailable,
			Message: "The request can't be recorded now, so it is refused. Try again later.", Cause: err}
	}
	return nil
}

func eventID(request string, number uint64) string {
	var buf [64]byte
	b := append(buf[:0], request...)
	return string(strconv.AppendUint(append(b, '-'), number, 10))
}

// sources are the event sources of our services, so that none is made anew for each record.
var sources = map[string]string{"sts": "sts.amazonaws.com", "iam": "iam.amazonaws.com", "codecommit": "codecommit.amazonaws.com"}

func sourceOf(action string) string {
	service, _, _ := strings.Cut(action, ":")
	if s, ok := sources[service]; ok {
		return s
	}
	return service + ".amazonaws.com"
}

func nameOf(action string) string {
	_, name, _ := strings.Cut(action, ":")
	return name
}

func identityOf(c *principal.Caller, r *Request, n *names) audit.Identity {
	id := audit.Identity{Type: c.Type(), PrincipalID: n.userID, ARN: n.arn, Account: c.Account,
		AccessKeyID: c.AccessKeyID, Provider: c.Provider, SourceIdent: c.SourceIdent}
	if r.Federated != "" {
		id.Provider = r.Federated
	}
	if r.Service != "" {
		id.Type, id.PrincipalID, id.ARN, id.Provider = "AWSService", "", "", r.Service
	}
	if c.Temporary {
		issued := c.Issued.UTC().Truncate(time.Second)
		id.Issued, id.MFA = &issued, !c.MFA.IsZero()
	}
	switch c.Kind {
	case principal.User:
		id.UserName = c.Name
	case principal.AssumedRole:
		id.Issuer = audit.Issuer{Type: "Role", PrincipalID: c.ID, ARN: n.principalARN, Account: c.Account, UserName: c.Name}
	case principal.Federated:
		if arn := c.IssuerARN(); arn != "" {
			id.Issuer = audit.Issuer{Type: "IAMUser", PrincipalID: c.ID, ARN: arn, Account: c.Account, UserName: c.Name}
		}
	}
	return id
}
