package audit

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// eventVersion is CloudTrail's version of its records' form.
const eventVersion = "1.11"

// maxText and maxParams bound what one record can take of outside text.
const (
	maxText   = 4096
	maxParams = 64
)

// encode appends a record in CloudTrail's form without its last brace and
// without a line's end: the chain comes between. It is written out by hand,
// because every decision waits for it.
func encode(b []byte, r *Record) ([]byte, error) {
	e := encoder{b: append(b, '{')}
	e.text("eventVersion", eventVersion)
	e.name("userIdentity")
	e.identity(r)
	e.time("eventTime", r.EventTime)
	e.text("eventSource", r.EventSource)
	e.text("eventName", r.EventName)
	e.text("awsRegion", r.Region)
	e.optional("sourceIPAddress", r.SourceIP)
	e.optional("userAgent", r.UserAgent)
	e.failure(r)
	e.name("requestParameters")
	e.params(r.Params)
	e.name("responseElements")
	e.response(r)
	e.name("additionalEventData")
	e.decision(r)
	e.text("requestID", r.RequestID)
	e.text("eventID", r.EventID)
	e.flag("readOnly", readOnly(r.EventName))
	e.resources(r)
	e.text("eventType", eventTypes[r.Service])
	e.flag("managementEvent", true)
	e.text("recipientAccountId", r.Account)
	if r.Identity.Account != "" && r.Account != "" && r.Identity.Account != r.Account {
		e.text("sharedEventID", r.EventID) // one record stands for those of both accounts
	}
	e.text("eventCategory", "Management")
	return e.b, e.err
}

var eventTypes = map[bool]string{false: "AwsApiCall", true: "AwsServiceEvent"}

// readers begin the names of operations that change nothing.
var readers = []string{"Get", "List", "GitPull", "Describe", "BatchGet", "Decode", "Simulate", "Validate"}

func readOnly(name string) bool {
	if name == "GetSessionToken" || name == "GetFederationToken" {
		return false
	}
	for _, p := range readers {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// encoder appends members of an object. It keeps the first error.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) open()  { e.b = append(e.b, '{') }
func (e *encoder) close() { e.b = append(e.b, '}') }

func (e *encoder) identity(r *Record) {
	i := &r.Identity
	e.open()
	e.text("type", typeOf(i))
	e.optional("principalId", i.PrincipalID)
	e.optional("arn", i.ARN)
	e.optional("accountId", i.Account)
	e.optional("accessKeyId", i.AccessKeyID)
	e.optional("userName", i.UserName)
	e.optional("identityProvider", i.Provider)
	if i.Issued != nil || i.SourceIdent != "" || i.Issuer != (Issuer{}) {
		e.session(i)
	}
	e.close()
}

func typeOf(i *Identity) string {
	switch {
	case i.Type != "Anonymous" || i.Provider == "":
	case strings.Contains(i.Provider, ":saml-provider/"):
		return "SAMLUser"
	case strings.HasPrefix(i.Provider, "arn:aws:ds:"):
		return "Directory"
	default:
		return "WebIdentityUser"
	}
	if t, ok := typeWords[i.Type]; ok {
		return t
	}
	return i.Type
}

func (e *encoder) session(i *Identity) {
	e.name("sessionContext")
	e.open()
	if i.Issuer != (Issuer{}) {
		e.name("sessionIssuer")
		e.open()
		e.text("type", i.Issuer.Type)
		e.text("principalId", i.Issuer.PrincipalID)
		e.text("arn", i.Issuer.ARN)
		e.text("accountId", i.Issuer.Account)
		e.optional("userName", i.Issuer.UserName)
		e.close()
	}
	if i.Issued != nil {
		e.name("attributes")
		e.open()
		e.time("creationDate", *i.Issued)
		e.text("mfaAuthenticated", strconv.FormatBool(i.MFA))
		e.close()
	}
	e.optional("sourceIdentity", i.SourceIdent)
	e.close()
}

func (e *encoder) failure(r *Record) {
	code, message := r.ErrorCode, r.ErrorMessage
	if code == "" && r.Decision == "Deny" {
		code, message = denied, r.Reason
	}
	e.optional("errorCode", code)
	e.optional("errorMessage", message)
}

func (e *encoder) params(m map[string]string) {
	if len(m) == 0 {
		e.b = append(e.b, "null"...)
		return
	}
	var few [8]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	e.open()
	for _, name := range names[:min(len(names), maxParams)] {
		e.comma()
		e.quote(name)
		e.b = append(e.b, ':')
		e.quote(m[name])
	}
	e.close()
}

// response is what was issued, less the secret and the token.
func (e *encoder) response(r *Record) {
	i := r.Issued
	if i == nil {
		e.b = append(e.b, "null"...)
		return
	}
	e.open()
	if i.Expires.IsZero() {
		e.name("accessKey")
		e.open()
		e.text("accessKeyId", i.AccessKeyID)
	} else {
		e.name("credentials")
		e.open()
		e.text("accessKeyId", i.AccessKeyID)
		e.time("expiration", i.Expires)
	}
	e.close()
	if i.ARN != "" {
		e.issuedTo(i)
	}
	if i.Packed != 0 {
		e.number("packedPolicySize", i.Packed)
	}
	e.close()
}

func (e *encoder) issuedTo(i *Issued) {
	name, id := "user", "userId"
	switch {
	case strings.Contains(i.ARN, ":assumed-role/"):
		name, id = "assumedRoleUser", "assumedRoleId"
	case strings.Contains(i.ARN, ":federated-user/"):
		name, id = "federatedUser", "federatedUserId"
	}
	e.name(name)
	e.open()
	e.text(id, i.UserID)
	e.text("arn", i.ARN)
	e.close()
}

// decision is what CloudTrail has no field for: who decided, and by what.
func (e *encoder) decision(r *Record) {
	e.open()
	e.text("decision", r.Decision)
	e.optional("reason", r.Reason)
	e.optional("policyType", r.PolicyType)
	e.optional("policy", r.Policy)
	if r.Statement != 0 {
		e.number("statement", r.Statement)
	}
	e.optional("sid", r.Sid)
	e.close()
}

func (e *encoder) resources(r *Record) {
	if r.Resource == "" {
		return
	}
	e.name("resources")
	e.b = append(e.b, '[')
	e.open()
	if r.Account != "" {
		e.text("accountId", r.Account)
	}
	if t := resourceType(r.Resource); t != "" {
		e.text("type", t)
	}
	e.text("ARN", r.Resource)
	e.close()
	e.b = append(e.b, ']')
}

func resourceType(arn string) string {
	switch {
	case strings.HasPrefix(arn, "arn:aws:codecommit:"):
		return "AWS::CodeCommit::Repository"
	case !strings.HasPrefix(arn, "arn:aws:iam:"):
	case strings.Contains(arn, ":role/"):
		return "AWS::IAM::Role"
	case strings.Contains(arn, ":user/"):
		return "AWS::IAM::User"
	}
	return ""
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

func (e *encoder) number(name string, n int) {
	e.name(name)
	e.b = strconv.AppendInt(e.b, int64(n), 10)
}

func (e *encoder) flag(name string, v bool) {
	e.name(name)
	e.b = strconv.AppendBool(e.b, v)
}

// time writes whole seconds in UTC, as CloudTrail does.
func (e *encoder) time(name string, t time.Time) {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		e.fail(fmt.Errorf("the year %d", t.Year()))
		return
	}
	e.name(name)
	e.b = append(e.b, '"')
	e.b = t.AppendFormat(e.b, "2006-01-02T15:04:05Z")
	e.b = append(e.b, '"')
}

// quote writes a text as it is where it is plain, and leaves others to the
// library. What is too long is cut and says so.
func (e *encoder) quote(s string) {
	if len(s) > maxText {
		s = cut(s)
	}
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
	for _, r := range string(quoted) { // the library leaves some that terminals obey
		if r >= 0x7f && r < 0xa0 {
			e.b = append(e.b, `\u00`...)
			e.b = hex.AppendEncode(e.b, []byte{byte(r)})
			continue
		}
		e.b = utf8.AppendRune(e.b, r)
	}
}

func cut(s string) string {
	end := maxText - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
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
