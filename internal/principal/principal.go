// Package principal says who makes a request: the session that signed it and
// the circumstances of the request itself. It knows AWS's identity forms
// (ARN, user id, type) and nothing of how they were proven.
package principal

import (
	"net/netip"
	"time"

	"sojourn/internal/arn"
)

// Kind is a kind of caller.
type Kind uint8

// The kinds that exist.
const (
	Anonymous   Kind = iota // an unsigned call that brings its own proof
	Root                    // the account itself
	User                    // an IAM user, by access key or GetSessionToken
	AssumedRole             // a role session
	Federated               // a GetFederationToken session
)

// Session is what a credential proves. It is what a session token carries.
type Session struct {
	Kind          Kind
	Account       string // 12 digits
	ID            string // unique id: AIDA…, AROA…; the account id for root
	Name          string // user or role name; for Federated the issuing user's name
	Path          string // IAM path with both slashes, "/" by default
	SessionName   string // role session name, or the federated user's name
	Issued        time.Time
	Expires       time.Time
	SessionPolicy string   // inline session policy, JSON, "" for none
	PolicyARNs    []string // managed session policies
	Tags          map[string]string
	TransitiveTag []string
	SourceIdent   string
	Provider      string    // aws:FederatedProvider
	MFA           time.Time // when the MFA code was given; zero for none
	Chained       bool      // assumed with a role session's credentials
	// Claims are the provider's context keys that later requests keep,
	// such as "login.example.com:sub".
	Claims map[string][]string
}

// Caller is a session and the request that it signs. A domain method takes one.
type Caller struct {
	Session
	AccessKeyID string
	Temporary   bool // false for long-term keys and for Anonymous

	RequestID string
	Time      time.Time // the server's clock when the request was accepted
	SourceIP  netip.Addr
	UserAgent string
	Secure    bool   // over TLS
	Region    string // the region that serves the request

	// Recorded is set once something of the request is on record; nil where
	// nobody asks.
	Recorded *bool
}

// ARN is the caller's own name, as GetCallerIdentity gives it.
func (s *Session) ARN() string {
	switch s.Kind {
	case Root:
		return arn.IAM(s.Account, "root")
	case User:
		return s.PrincipalARN()
	case AssumedRole:
		return arn.STS(s.Account, "assumed-role/"+s.Name+"/"+s.SessionName)
	case Federated:
		return arn.STS(s.Account, "federated-user/"+s.SessionName)
	}
	return "anonymous"
}

// PrincipalARN is aws:PrincipalArn: the user or the role behind a session.
func (s *Session) PrincipalARN() string {
	switch s.Kind {
	case User:
		return arn.IAM(s.Account, "user"+s.path()+s.Name)
	case AssumedRole:
		return arn.IAM(s.Account, "role"+s.path()+s.Name)
	}
	return s.ARN()
}

// IssuerARN is the user who made a federated user's session, "" for all others
// and where the account's root made it.
func (s *Session) IssuerARN() string {
	if s.Kind != Federated || s.ID == s.Account {
		return ""
	}
	return arn.IAM(s.Account, "user"+s.path()+s.Name)
}

// UserID is aws:userid.
func (s *Session) UserID() string {
	switch s.Kind {
	case Root:
		return s.Account
	case AssumedRole:
		return s.ID + ":" + s.SessionName
	case Federated:
		return s.Account + ":" + s.SessionName
	case User:
		return s.ID
	}
	return "anonymous"
}

// Type is aws:PrincipalType.
func (s *Session) Type() string {
	return [...]string{"Anonymous", "Account", "User", "AssumedRole", "FederatedUser"}[s.Kind]
}

func (s *Session) path() string {
	if s.Path == "" {
		return "/"
	}
	return s.Path
}
