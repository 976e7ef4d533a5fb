// Package awsquery is the door of the AWS query protocol: a form in the body or
// in the query string, XML out. It owns the protocol's framing and its errors;
// routing and authentication are package aws's, the shapes are package wire's.
package awsquery

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"sojourn/internal/awserr"
	"sojourn/internal/server/api"
	"sojourn/internal/wire"
)

const (
	bodyLimit = 1 << 20

	// faultNamespace is that of errors that no service has made.
	faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"
)

// Door implements api.Door.
type Door struct{}

var _ api.Door = Door{}

// Limit is 1 MiB.
func (Door) Limit() int64 { return bodyLimit }

// Parse reads the parameters: those of the query string, and of a POST's body too.
func (Door) Parse(r *http.Request, body []byte) (api.Request, error) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost && len(body) > 0 {
		text = strings.TrimPrefix(text+"&"+string(body), "&")
	}
	if strings.Count(text, "&") >= wire.MaxParameters { // before memory is spent on them
		return nil, malformed()
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed()
	}
	for _, name := range []string{"Action", "Version"} {
		if len(form[name]) > 1 {
			return nil, malformed()
		}
	}
	return request{form}, nil
}

func malformed() *awserr.Error {
	return awserr.New("MalformedQueryString", http.StatusBadRequest, "The query string contains a syntax error.")
}

type request struct{ form url.Values }

func (q request) Action() string { return q.form.Get("Action") }

// Operation finds the Action in its Version.
func (q request) Operation(s *wire.Service) (*wire.Operation, error) {
	action, version := q.Action(), q.form.Get("Version")
	if action == "" {
		return nil, awserr.New("MissingAction", http.StatusBadRequest, "The request is missing an action or a required parameter.")
	}
	op, ok := s.Operations[action]
	if !ok || s.Protocol != wire.Query || version != s.Version {
		if version == "" {
			version = "NO_VERSION_SPECIFIED"
		}
		return nil, awserr.New(awserr.InvalidAction, http.StatusBadRequest, "Could not find operation %s for version %s", clip(action), clip(version))
	}
	return op, nil
}

func (q request) Decode(op *wire.Operation) (any, error) { return op.DecodeQuery(q.form) }

func clip(s string) string {
	if len(s) > 128 {
		s = s[:128]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// Answer writes the operation's XML.
func (Door) Answer(w http.ResponseWriter, s *wire.Service, op *wire.Operation, out any, requestID string) error {
	free := answers.Get().(*[]byte)
	b, err := wire.AppendXML((*free)[:0], s, op, out, requestID)
	if err != nil {
		return awserr.Internal(err)
	}
	send(w, http.StatusOK, b, requestID)
	if cap(b) <= maxReused {
		clear(b) // it may hold credentials
		*free = b
		answers.Put(free)
	}
	return nil
}

// maxReused bounds the memory of an answer that is used for another.
const maxReused = 16 << 10

// answers hold most: credentials with their token.
var answers = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

// Error writes an ErrorResponse.
func (Door) Error(w http.ResponseWriter, s *wire.Service, e *awserr.Error, requestID string) {
	namespace := faultNamespace
	if s != nil && s.Namespace != "" {
		namespace = s.Namespace
	}
	send(w, e.Status, wire.EncodeXMLError(namespace, e, requestID), requestID)
}

func send(w http.ResponseWriter, status int, b []byte, requestID string) {
	h := w.Header()
	h.Set("Content-Type", "text/xml")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Amzn-Requestid", requestID)
	h.Set("Cache-Control", "no-store") // answers carry credentials
	w.WriteHeader(status)
	w.Write(b) // a client that has gone needs no answer
}
