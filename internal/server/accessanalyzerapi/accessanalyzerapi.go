// Package accessanalyzerapi binds the operations of IAM Access Analyzer to the
// domain: one line an operation. It owns nothing else.
package accessanalyzerapi

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire/accessanalyzerwire"
)

// Domain is what the operations do.
type Domain interface {
	ValidatePolicy(context.Context, *principal.Caller, *accessanalyzerwire.ValidatePolicyInput) (*accessanalyzerwire.ValidatePolicyOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire: accessanalyzerwire.Service(),
		Handlers: map[string]api.Handler{
			"ValidatePolicy": api.Handle(d.ValidatePolicy),
		},
	}
}
