// Package awsjson is the door of AWS JSON 1.1: the operation in X-Amz-Target, a
// JSON object in the body, JSON out. It owns the protocol's framing and its
// errors; routing and authentication are package aws's, the shapes are package
// wire's.
package awsjson

import (
	"net/http"
	"strconv"
	"strings"

	"sojourn/internal/awserr"
	"sojourn/internal/server/api"
	"sojourn/internal/wire"
)

// bodyLimit lets through a file of 6 MiB in base64.
const bodyLimit = 8 << 20

// Speaks reports whether r is of this protocol: by its target, or where that
// is missing by its content type.
func Speaks(r *http.Request) bool {
	return r.Header.Get("X-Amz-Target") != "" || strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-amz-json-")
}

// Door implements api.Door.
type Door struct{}

var _ api.Door = Door{}

// Limit is a file of 6 MiB in base64 and what is around it.
func (Door) Limit() int64 { return bodyLimit }

// Parse splits the target.
func (Door) Parse(r *http.Request, body []byte) (api.Request, error) {
	targets := r.Header.Values("X-Amz-Target")
	if len(targets) != 1 || r.Method != http.MethodPost {
		return nil, unknown()
	}
	prefix, action, _ := strings.Cut(targets[0], ".")
	return request{prefix: prefix, action: action, body: body}, nil
}

// unknown does not repeat the target: it is outside text.
func unknown() *awserr.Error {
	return awserr.New(awserr.InvalidAction, http.StatusBadRequest, "The header X-Amz-Target names no operation of this service.")
}

type request struct {
	prefix, action string
	body           []byte
}

func (q request) Action() string { return q.action }

// Operation finds the target, whose prefix must be the service's.
func (q request) Operation(s *wire.Service) (*wire.Operation, error) {
	op, ok := s.Operations[q.action]
	if !ok || s.Protocol != wire.JSON || q.prefix != s.TargetPrefix {
		return nil, unknown()
	}
	return op, nil
}

func (q request) Decode(op *wire.Operation) (any, error) { return op.DecodeJSON(q.body) }

// Answer writes the operation's JSON, nothing where its output has no members.
func (Door) Answer(w http.ResponseWriter, _ *wire.Service, op *wire.Operation, out any, requestID string) error {
	var b []byte
	if len(op.Output.Members) > 0 {
		var err error
		if b, err = wire.EncodeJSON(out); err != nil {
			return awserr.Internal(err)
		}
	}
	send(w, http.StatusOK, b, requestID)
	return nil
}

// Error writes an exception.
func (Door) Error(w http.ResponseWriter, _ *wire.Service, e *awserr.Error, requestID string) {
	name, status := e.JSON()
	send(w, status, wire.EncodeJSONError(name, e.Message), requestID)
}

func send(w http.ResponseWriter, status int, b []byte, requestID string) {
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.1")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Amzn-Requestid", requestID)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b) // a client that has gone needs no answer
}
