// Package awsrest is the door of AWS's REST APIs in JSON: the operation is a
// method and a path, small members are in the query string, the rest is a JSON
// object in the body. It owns the protocol's framing and its errors; routing
// and authentication are package aws's, the shapes are package wire's.
package awsrest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sojourn/internal/awserr"
	"sojourn/internal/server/api"
	"sojourn/internal/wire"
)

const bodyLimit = 1 << 20

// Speaks reports whether r is of this protocol: the others have one path only.
func Speaks(r *http.Request) bool { return len(r.URL.Path) > 1 }

// Door implements api.Door.
type Door struct{}

var _ api.Door = Door{}

// Limit is 1 MiB.
func (Door) Limit() int64 { return bodyLimit }

// Parse reads the query string.
func (Door) Parse(r *http.Request, body []byte) (api.Request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, awserr.New("MalformedQueryString", http.StatusBadRequest, "The query string contains a syntax error.")
	}
	return &request{method: r.Method, path: r.URL.EscapedPath(), query: query, body: body}, nil
}

type request struct {
	method, path string // the path as it was sent
	query        url.Values
	body         []byte
	members      map[string]string // that are in the path
}

// Action is empty: nothing but the service knows what a path is.
func (*request) Action() string { return "" }

// Operation finds the method and path.
func (q *request) Operation(s *wire.Service) (*wire.Operation, error) {
	for _, op := range s.Operations {
		if s.Protocol != wire.REST || op.Method != q.method {
			continue
		}
		if members, ok := match(op.Path, q.path); ok {
			q.members = members
			return op, nil
		}
	}
	return nil, awserr.New(awserr.InvalidAction, http.StatusNotFound, "This service has no operation of this method and path.")
}

// match compares a path with an operation's, of which a segment {name} stands
// for any one segment that is not empty.
func match(pattern, path string) (members map[string]string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, w := range want {
		if !strings.HasPrefix(w, "{") {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		text, err := url.PathUnescape(got[i])
		if err != nil || text == "" {
			return nil, false
		}
		if members == nil {
			members = map[string]string{}
		}
		members[strings.Trim(w, "{}")] = text
	}
	return members, true
}

func (q *request) Decode(op *wire.Operation) (any, error) {
	return op.DecodeREST(q.members, q.query, q.body)
}

// Answer writes the operation's JSON.
func (Door) Answer(w http.ResponseWriter, _ *wire.Service, op *wire.Operation, out any, requestID string) error {
	b, err := wire.EncodeJSON(out)
	if err != nil {
		return awserr.Internal(err)
	}
	status := http.StatusOK
	if op.Status != 0 {
		status = op.Status
	}
	send(w, status, b, requestID)
	return nil
}

// Error writes an exception, whose name is in a header. REST keeps the statuses
// that AWS JSON makes 400 of.
func (Door) Error(w http.ResponseWriter, _ *wire.Service, e *awserr.Error, requestID string) {
	name, _ := e.JSON()
	w.Header().Set("X-Amzn-Errortype", name)
	status := e.Status
	if e.Code == awserr.Throttling {
		status = http.StatusTooManyRequests // as the models of services of this protocol have it
	}
	send(w, status, wire.EncodeJSONError(name, e.Message), requestID)
}

func send(w http.ResponseWriter, status int, b []byte, requestID string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("X-Amzn-Requestid", requestID)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b) // a client that has gone needs no answer
}
