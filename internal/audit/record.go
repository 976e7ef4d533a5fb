package audit

import (
	"time"
)

// Record is one event: a decision, and what came of it.
type Record struct {
	EventID     string // unique; the request's id and a number
	EventTime   time.Time
	EventSource string // codecommit.amazonaws.com
	EventName   string // GetRepository
	Region      string
	SourceIP    string
	UserAgent   string
	RequestID   string
	Identity    Identity
	Resource    string // an ARN, "*" for acts without a resource, "" where none is known
	Account     string // that owns the resource

	// Params are the request's, by name. They hold names, never secrets.
	Params map[string]string

	Decision string // Allow or Deny
	Reason   string // of a Deny
	// PolicyType is the kind of policy that decided, or that would have had to
	// allow: identity, session, boundary, resource, trust; service for a rule of
	// the service itself; authn for a signature that is none. Policy, Statement
	// (counted from 1) and Sid are the statement that decided, and absent where
	// none did.
	PolicyType string
	Policy     string
	Statement  int
	Sid        string

	// ErrorCode and ErrorMessage are what was answered to a request that was
	// refused or failed. A Deny without them is recorded as AccessDenied.
	ErrorCode, ErrorMessage string

	// Issued are the credentials that the act has made.
	Issued *Issued

	// Service marks what happened without a request to an API: an act of
	// "sojourn admin", an alarm.
	Service bool
}

// Identity is CloudTrail's userIdentity, as far as we know it.
type Identity struct {
	Type        string // aws:PrincipalType; it is written in CloudTrail's words
	PrincipalID string
	ARN         string
	Account     string
	AccessKeyID string
	UserName    string
	Provider    string
	SourceIdent string
	Issued      *time.Time // of a session
	MFA         bool       // a session with MFA

	// Issuer is whom the session was made for: the role or the user behind it.
	Issuer Issuer
}

// Issuer is CloudTrail's sessionIssuer.
type Issuer struct{ Type, PrincipalID, ARN, Account, UserName string }

// Issued are credentials without their secrets.
type Issued struct {
	AccessKeyID string
	Expires     time.Time // zero for long-term keys
	UserID, ARN string    // of whom they are
	Packed      int       // PackedPolicySize, 0 for none
}

// Recorder takes records.
type Recorder interface {
	Record(Record) error
}

// typeWords are CloudTrail's words for the types of principals.
var typeWords = map[string]string{"Account": "Root", "User": "IAMUser", "Anonymous": "Unknown"}

// ownWords are the way back.
var ownWords = map[string]string{"Root": "Account", "IAMUser": "User", "Unknown": "Anonymous", "SAMLUser": "Anonymous", "Directory": "Anonymous", "WebIdentityUser": "Anonymous"}

// denied is the code of a refusal that names none.
const denied = "AccessDenied"

// MarshalJSON is the record in CloudTrail's form, without its place in the chain.
func (r Record) MarshalJSON() ([]byte, error) {
	b, err := encode(nil, &r)
	return append(b, '}'), err
}
