package sts

import (
	"context"

	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/wire/stswire"
)

// DecodeAuthorizationMessage shows what stands in the encoded message of a
// refusal in the caller's account. It needs a permission, for the message tells
// more than the one who was refused may know.
func (s *Service) DecodeAuthorizationMessage(ctx context.Context, c *principal.Caller, in *stswire.DecodeAuthorizationMessageInput) (*stswire.DecodeAuthorizationMessageOutput, error) {
	if c.Kind == principal.Anonymous {
		return nil, unsigned()
	}
	if err := s.gate.Authorize(ctx, c, gate.Request{Action: "sts:DecodeAuthorizationMessage", Resource: "*"}); err != nil {
		return nil, err
	}
	text, err := s.keys.OpenMessage(c.Account, value(in.EncodedMessage))
	if err != nil {
		refused := stswire.NewInvalidAuthorizationMessage("The encoded authorization message is not valid.")
		refused.Cause = err
		return nil, refused
	}
	return &stswire.DecodeAuthorizationMessageOutput{DecodedMessage: new(string(text))}, nil
}
