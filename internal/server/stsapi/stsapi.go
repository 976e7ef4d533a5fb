// Package stsapi binds the operations of STS to the domain: one line an
// operation. It owns nothing else.
package stsapi

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire/stswire"
)

// Domain is what the operations do.
type Domain interface {
	AssumeRole(context.Context, *principal.Caller, *stswire.AssumeRoleInput) (*stswire.AssumeRoleOutput, error)
	AssumeRoleWithSAML(context.Context, *principal.Caller, *stswire.AssumeRoleWithSAMLInput) (*stswire.AssumeRoleWithSAMLOutput, error)
	AssumeRoleWithWebIdentity(context.Context, *principal.Caller, *stswire.AssumeRoleWithWebIdentityInput) (*stswire.AssumeRoleWithWebIdentityOutput, error)
	AssumeRoleWithLDAPIdentity(context.Context, *principal.Caller, *stswire.AssumeRoleWithLDAPIdentityInput) (*stswire.AssumeRoleWithLDAPIdentityOutput, error)
	GetFederationToken(context.Context, *principal.Caller, *stswire.GetFederationTokenInput) (*stswire.GetFederationTokenOutput, error)
	GetSessionToken(context.Context, *principal.Caller, *stswire.GetSessionTokenInput) (*stswire.GetSessionTokenOutput, error)
	GetAccessKeyInfo(context.Context, *principal.Caller, *stswire.GetAccessKeyInfoInput) (*stswire.GetAccessKeyInfoOutput, error)
	DecodeAuthorizationMessage(context.Context, *principal.Caller, *stswire.DecodeAuthorizationMessageInput) (*stswire.DecodeAuthorizationMessageOutput, error)
	GetCallerIdentity(context.Context, *principal.Caller, *stswire.GetCallerIdentityInput) (*stswire.GetCallerIdentityOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire:     stswire.Service(),
		Unsigned: map[string]bool{"AssumeRoleWithSAML": true, "AssumeRoleWithWebIdentity": true, "AssumeRoleWithLDAPIdentity": true},
		BodyOnly: map[string]bool{"AssumeRoleWithLDAPIdentity": true},
		Handlers: map[string]api.Handler{
			"AssumeRole":                 api.Handle(d.AssumeRole),
			"AssumeRoleWithSAML":         api.Handle(d.AssumeRoleWithSAML),
			"AssumeRoleWithWebIdentity":  api.Handle(d.AssumeRoleWithWebIdentity),
			"AssumeRoleWithLDAPIdentity": api.Handle(d.AssumeRoleWithLDAPIdentity),
			"GetFederationToken":         api.Handle(d.GetFederationToken),
			"GetSessionToken":            api.Handle(d.GetSessionToken),
			"GetAccessKeyInfo":           api.Handle(d.GetAccessKeyInfo),
			"GetCallerIdentity":          api.Handle(d.GetCallerIdentity),
			"DecodeAuthorizationMessage": api.Handle(d.DecodeAuthorizationMessage),
		},
	}
}
