// Package api is what the doors of all AWS protocols have in common: a service
// is its wire description and one handler an operation. It owns no protocol and
// no rule; a handler is a domain method and nothing else.
package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/wire"
)

// Handler runs one operation: a pointer to its input struct in, one to its
// output struct out.
type Handler func(ctx context.Context, c *principal.Caller, in any) (any, error)

// Handle makes a handler of a domain method.
func Handle[I, O any](f func(context.Context, *principal.Caller, *I) (*O, error)) Handler {
	return func(ctx context.Context, c *principal.Caller, in any) (any, error) {
		i, ok := in.(*I)
		if !ok {
			return nil, awserr.Internal(fmt.Errorf("calling a handler: %T is not its input", in))
		}
		out, err := f(ctx, c, i)
		if err != nil {
			return nil, err // not a nil *O inside an any
		}
		return out, nil
	}
}

// Service is one API that a door can serve.
type Service struct {
	Wire     *wire.Service
	Handlers map[string]Handler
	// Unsigned are the operations whose callers bring their own proof instead
	// of a signature. One that is sent is ignored, as AWS does.
	Unsigned map[string]bool
	// BodyOnly are the operations that take nothing from the query string, which
	// proxies and servers write into their logs.
	BodyOnly map[string]bool
}

// Check reports every operation without a handler and every name that is no
// operation.
func (s *Service) Check() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Wire.Operations)) {
		if s.Handlers[name] == nil {
			errs = append(errs, fmt.Errorf("%s: the operation %s has no handler", s.Wire.Name, name))
		}
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(s.Handlers)), slices.Sorted(maps.Keys(s.Unsigned)), slices.Sorted(maps.Keys(s.BodyOnly))) {
		if s.Wire.Operations[name] == nil {
			errs = append(errs, fmt.Errorf("%s: there is no operation %s", s.Wire.Name, name))
		}
	}
	return errors.Join(errs...)
}

// Call runs an operation of the service.
func (s *Service) Call(ctx context.Context, c *principal.Caller, op *wire.Operation, in any) (any, error) {
	h, ok := s.Handlers[op.Name]
	if !ok {
		return nil, awserr.Internal(fmt.Errorf("%s: the operation %s has no handler", s.Wire.Name, op.Name))
	}
	return h(ctx, c, in)
}

// Door speaks one protocol.
type Door interface {
	// Limit is the largest request body in bytes.
	Limit() int64
	// Parse reads what a request asks for.
	Parse(r *http.Request, body []byte) (Request, error)
	// Answer writes the outcome of a call.
	Answer(w http.ResponseWriter, s *wire.Service, op *wire.Operation, out any, requestID string) error
	// Error writes an error; s is nil where the service is not known yet.
	Error(w http.ResponseWriter, s *wire.Service, e *awserr.Error, requestID string)
}

// Request is a request as one protocol understands it.
type Request interface {
	// Action is the operation's name as the client wrote it.
	Action() string
	// Operation finds it in a service.
	Operation(s *wire.Service) (*wire.Operation, error)
	// Decode reads the operation's input, checked against the model.
	Decode(op *wire.Operation) (any, error)
}
