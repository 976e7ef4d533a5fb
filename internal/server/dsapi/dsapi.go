// Package dsapi binds the operations on directories to the domain: one line an
// operation. It owns nothing else.
package dsapi

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire/dswire"
)

// Domain is what the operations do.
type Domain interface {
	CreateDirectory(context.Context, *principal.Caller, *dswire.CreateDirectoryInput) (*dswire.CreateDirectoryOutput, error)
	GetDirectory(context.Context, *principal.Caller, *dswire.GetDirectoryInput) (*dswire.GetDirectoryOutput, error)
	ListDirectories(context.Context, *principal.Caller, *dswire.ListDirectoriesInput) (*dswire.ListDirectoriesOutput, error)
	UpdateDirectory(context.Context, *principal.Caller, *dswire.UpdateDirectoryInput) (*dswire.UpdateDirectoryOutput, error)
	DeleteDirectory(context.Context, *principal.Caller, *dswire.DeleteDirectoryInput) (*dswire.DeleteDirectoryOutput, error)
	TestDirectory(context.Context, *principal.Caller, *dswire.TestDirectoryInput) (*dswire.TestDirectoryOutput, error)
	EnableMFADevice(context.Context, *principal.Caller, *dswire.EnableMFADeviceInput) (*dswire.EnableMFADeviceOutput, error)
	DisableMFADevice(context.Context, *principal.Caller, *dswire.DisableMFADeviceInput) (*dswire.DisableMFADeviceOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire: dswire.Service(),
		Handlers: map[string]api.Handler{
			"CreateDirectory":  api.Handle(d.CreateDirectory),
			"GetDirectory":     api.Handle(d.GetDirectory),
			"ListDirectories":  api.Handle(d.ListDirectories),
			"UpdateDirectory":  api.Handle(d.UpdateDirectory),
			"DeleteDirectory":  api.Handle(d.DeleteDirectory),
			"TestDirectory":    api.Handle(d.TestDirectory),
			"EnableMFADevice":  api.Handle(d.EnableMFADevice),
			"DisableMFADevice": api.Handle(d.DisableMFADevice),
		},
	}
}
