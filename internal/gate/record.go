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

func (g *Gate) record(c *principal.Caller, r *Request, n *names, o outcome) error {
	service, action, _ := strings.Cut(r.Action, ":")
	rec := audit.Record{
		EventID:   eventID(c.RequestID, g.events.Add(1)),
		EventTime: c.Time.UTC(), EventSource: sourceOf(service), EventName: action,
		Region: c.Region, UserAgent: c.UserAgent[:min(len(c.UserAgent), 1024)], RequestID: c.RequestID,
		Identity: identityOf(c, r, n), Resource: r.Resource, Account: r.ResourceAccount,
		Params: r.Params, Decision: "Allow", PolicyType: o.by, Policy: o.PolicyName, Sid: o.Sid,
	}
	if o.PolicyName != "" {
		rec.Statement = o.Statement + 1
	}
	if c.SourceIP.IsValid() {
		rec.SourceIP = c.SourceIP.String()
	}
	if !o.Allowed {
		rec.Decision, rec.Reason = "Deny", o.reason
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

func sourceOf(service string) string {
	if s, ok := sources[service]; ok {
		return s
	}
	return service + ".amazonaws.com"
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
		id.Issued = &issued
	}
	return id
}
