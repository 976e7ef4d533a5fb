package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// form is a record as JSON has it.
type form struct {
	UserIdentity struct {
		Type, PrincipalID, ARN, AccountID, AccessKeyID, UserName, IdentityProvider string

		SessionContext struct {
			SessionIssuer struct{ Type, PrincipalID, ARN, AccountID, UserName string }
			Attributes    struct {
				CreationDate     *time.Time
				MFAAuthenticated string
			}
			SourceIdentity string
		}
	}
	EventTime                                           time.Time
	EventSource, EventName, AWSRegion                   string
	SourceIPAddress, UserAgent, ErrorCode, ErrorMessage string
	RequestID, EventID, EventType, RecipientAccountID   string
	RequestParameters                                   map[string]string
	Resources                                           []struct{ ARN string }
	ResponseElements                                    *formIssued
	AdditionalEventData                                 struct {
		Decision, Reason, PolicyType, Policy, SID string
		Statement                                 int
	}
}

type formIssued struct {
	AccessKey, Credentials struct {
		AccessKeyID string
		Expiration  time.Time
	}
	User             struct{ UserID, ARN string }
	AssumedRoleUser  struct{ AssumedRoleID, ARN string }
	FederatedUser    struct{ FederatedUserID, ARN string }
	PackedPolicySize int
}

// UnmarshalJSON reads a record that MarshalJSON or the log has written.
func (r *Record) UnmarshalJSON(b []byte) error {
	var f form
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("reading an audit record: %w", err)
	}
	if f.EventName == "" && f.AdditionalEventData.Decision == "" {
		return errors.New("reading an audit record: it has no event name")
	}
	d, id := &f.AdditionalEventData, &f.UserIdentity
	*r = Record{
		EventID: f.EventID, EventTime: f.EventTime, EventSource: f.EventSource, EventName: f.EventName, Region: f.AWSRegion,
		SourceIP: f.SourceIPAddress, UserAgent: f.UserAgent, RequestID: f.RequestID, Account: f.RecipientAccountID,
		Params: f.RequestParameters, Decision: d.Decision, Reason: d.Reason, PolicyType: d.PolicyType, Policy: d.Policy,
		Statement: d.Statement, Sid: d.SID, ErrorCode: f.ErrorCode, ErrorMessage: f.ErrorMessage, Service: f.EventType == eventTypes[true],
		Issued: f.ResponseElements.issued(),
		Identity: Identity{
			Type: id.Type, PrincipalID: id.PrincipalID, ARN: id.ARN, Account: id.AccountID, AccessKeyID: id.AccessKeyID,
			UserName: id.UserName, Provider: id.IdentityProvider, SourceIdent: id.SessionContext.SourceIdentity,
			Issued: id.SessionContext.Attributes.CreationDate, MFA: id.SessionContext.Attributes.MFAAuthenticated == "true",
		},
	}
	s := &id.SessionContext.SessionIssuer
	r.Identity.Issuer = Issuer{s.Type, s.PrincipalID, s.ARN, s.AccountID, s.UserName}
	if t, ok := ownWords[r.Identity.Type]; ok {
		r.Identity.Type = t
	}
	if len(f.Resources) > 0 {
		r.Resource = f.Resources[0].ARN
	}
	return nil
}

func (f *formIssued) issued() *Issued {
	if f == nil {
		return nil
	}
	i := &Issued{AccessKeyID: f.Credentials.AccessKeyID, Expires: f.Credentials.Expiration, Packed: f.PackedPolicySize}
	if i.AccessKeyID == "" {
		i.AccessKeyID = f.AccessKey.AccessKeyID
	}
	switch {
	case f.AssumedRoleUser.ARN != "":
		i.UserID, i.ARN = f.AssumedRoleUser.AssumedRoleID, f.AssumedRoleUser.ARN
	case f.FederatedUser.ARN != "":
		i.UserID, i.ARN = f.FederatedUser.FederatedUserID, f.FederatedUser.ARN
	default:
		i.UserID, i.ARN = f.User.UserID, f.User.ARN
	}
	return i
}
