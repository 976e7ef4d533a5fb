// Package rolesanywhereapi binds the operations of IAM Roles Anywhere to the
// domain: one line an operation, and the door of CreateSession, whose requests
// are signed with a certificate's key. It owns nothing else.
package rolesanywhereapi

import (
	"context"
	"maps"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// Domain is what the operations do.
type Domain interface {
	CreateTrustAnchor(context.Context, *principal.Caller, *wire.CreateTrustAnchorInput) (*wire.CreateTrustAnchorOutput, error)
	GetTrustAnchor(context.Context, *principal.Caller, *wire.GetTrustAnchorInput) (*wire.GetTrustAnchorOutput, error)
	ListTrustAnchors(context.Context, *principal.Caller, *wire.ListTrustAnchorsInput) (*wire.ListTrustAnchorsOutput, error)
	UpdateTrustAnchor(context.Context, *principal.Caller, *wire.UpdateTrustAnchorInput) (*wire.UpdateTrustAnchorOutput, error)
	DeleteTrustAnchor(context.Context, *principal.Caller, *wire.DeleteTrustAnchorInput) (*wire.DeleteTrustAnchorOutput, error)
	EnableTrustAnchor(context.Context, *principal.Caller, *wire.EnableTrustAnchorInput) (*wire.EnableTrustAnchorOutput, error)
	DisableTrustAnchor(context.Context, *principal.Caller, *wire.DisableTrustAnchorInput) (*wire.DisableTrustAnchorOutput, error)
	CreateProfile(context.Context, *principal.Caller, *wire.CreateProfileInput) (*wire.CreateProfileOutput, error)
	GetProfile(context.Context, *principal.Caller, *wire.GetProfileInput) (*wire.GetProfileOutput, error)
	ListProfiles(context.Context, *principal.Caller, *wire.ListProfilesInput) (*wire.ListProfilesOutput, error)
	UpdateProfile(context.Context, *principal.Caller, *wire.UpdateProfileInput) (*wire.UpdateProfileOutput, error)
	DeleteProfile(context.Context, *principal.Caller, *wire.DeleteProfileInput) (*wire.DeleteProfileOutput, error)
	EnableProfile(context.Context, *principal.Caller, *wire.EnableProfileInput) (*wire.EnableProfileOutput, error)
	DisableProfile(context.Context, *principal.Caller, *wire.DisableProfileInput) (*wire.DisableProfileOutput, error)
	PutAttributeMapping(context.Context, *principal.Caller, *wire.PutAttributeMappingInput) (*wire.PutAttributeMappingOutput, error)
	DeleteAttributeMapping(context.Context, *principal.Caller, *wire.DeleteAttributeMappingInput) (*wire.DeleteAttributeMappingOutput, error)
	ImportCrl(context.Context, *principal.Caller, *wire.ImportCrlInput) (*wire.ImportCrlOutput, error)
	GetCrl(context.Context, *principal.Caller, *wire.GetCrlInput) (*wire.GetCrlOutput, error)
	ListCrls(context.Context, *principal.Caller, *wire.ListCrlsInput) (*wire.ListCrlsOutput, error)
	UpdateCrl(context.Context, *principal.Caller, *wire.UpdateCrlInput) (*wire.UpdateCrlOutput, error)
	DeleteCrl(context.Context, *principal.Caller, *wire.DeleteCrlInput) (*wire.DeleteCrlOutput, error)
	EnableCrl(context.Context, *principal.Caller, *wire.EnableCrlInput) (*wire.EnableCrlOutput, error)
	DisableCrl(context.Context, *principal.Caller, *wire.DisableCrlInput) (*wire.DisableCrlOutput, error)
	TagResource(context.Context, *principal.Caller, *wire.TagResourceInput) (*wire.TagResourceOutput, error)
	UntagResource(context.Context, *principal.Caller, *wire.UntagResourceInput) (*wire.UntagResourceOutput, error)
	ListTagsForResource(context.Context, *principal.Caller, *wire.ListTagsForResourceInput) (*wire.ListTagsForResourceOutput, error)
}

// createSession is the operation with a door of its own.
const createSession = "CreateSession"

// New makes the service over d.
func New(d Domain) *api.Service {
	administered := *wire.Service()
	administered.Operations = maps.Clone(wire.Service().Operations)
	delete(administered.Operations, createSession)
	return &api.Service{
		Wire: &administered,
		Handlers: map[string]api.Handler{
			"CreateTrustAnchor":      api.Handle(d.CreateTrustAnchor),
			"GetTrustAnchor":         api.Handle(d.GetTrustAnchor),
			"ListTrustAnchors":       api.Handle(d.ListTrustAnchors),
			"UpdateTrustAnchor":      api.Handle(d.UpdateTrustAnchor),
			"DeleteTrustAnchor":      api.Handle(d.DeleteTrustAnchor),
			"EnableTrustAnchor":      api.Handle(d.EnableTrustAnchor),
			"DisableTrustAnchor":     api.Handle(d.DisableTrustAnchor),
			"CreateProfile":          api.Handle(d.CreateProfile),
			"GetProfile":             api.Handle(d.GetProfile),
			"ListProfiles":           api.Handle(d.ListProfiles),
			"UpdateProfile":          api.Handle(d.UpdateProfile),
			"DeleteProfile":          api.Handle(d.DeleteProfile),
			"EnableProfile":          api.Handle(d.EnableProfile),
			"DisableProfile":         api.Handle(d.DisableProfile),
			"PutAttributeMapping":    api.Handle(d.PutAttributeMapping),
			"DeleteAttributeMapping": api.Handle(d.DeleteAttributeMapping),
			"ImportCrl":              api.Handle(d.ImportCrl),
			"GetCrl":                 api.Handle(d.GetCrl),
			"ListCrls":               api.Handle(d.ListCrls),
			"UpdateCrl":              api.Handle(d.UpdateCrl),
			"DeleteCrl":              api.Handle(d.DeleteCrl),
			"EnableCrl":              api.Handle(d.EnableCrl),
			"DisableCrl":             api.Handle(d.DisableCrl),
			"TagResource":            api.Handle(d.TagResource),
			"UntagResource":          api.Handle(d.UntagResource),
			"ListTagsForResource":    api.Handle(d.ListTagsForResource),
		},
	}
}
