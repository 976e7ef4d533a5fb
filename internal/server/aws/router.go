// Package aws is the one door of all AWS APIs: POST / and GET / with a query,
// and the paths of those that speak REST.
// It finds the protocol, the service and the operation that a request is for,
// has its signature checked, and hands it through decoding, the domain and
// encoding. Whatever happens, the answer is in the protocol that the client
// speaks.
//
// It owns that order and nothing else: who a signature belongs to is package
// authn's, the protocols are awsquery's, awsjson's and awsrest's, every rule is the
// domain's. The request's id, its log line and its metrics are the front's,
// which learns the service, operation, caller and error through the event.
package aws

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/server/awsjson"
	"sojourn/internal/server/awsquery"
	"sojourn/internal/server/awsrest"
	"sojourn/internal/server/event"
	"sojourn/internal/sigv4"
)

// Authenticator knows whose signature a request bears.
type Authenticator interface {
	API(ctx context.Context, r *http.Request, auth *sigv4.Auth, bodySHA256 string, info authn.RequestInfo) (*principal.Caller, error)
}

// Recorder records refusals that no operation has recorded. Each method returns
// the reason, or the fault that kept it from recording.
type Recorder interface {
	// Unproven is of a request whose signature proves nothing; claimed is the
	// access key id that it names.
	Unproven(ctx context.Context, c *principal.Caller, claimed string, r gate.Request, reason error) error
	Refuse(ctx context.Context, c *principal.Caller, r gate.Request, reason error) error
}

// Options are the parts behind the door.
type Options struct {
	Services []*api.Service
	Auth     Authenticator
	Records  Recorder // nil where nothing is recorded
	Region   string   // of this server, for callers without a signature
	// Secure counts every request as one over TLS: a proxy in front has it.
	Secure bool
	Now    func() time.Time
	Log    *slog.Logger // for panics
}

// Router is the door.
type Router struct {
	opt      Options
	services map[string]*api.Service
}

// New makes the door. It refuses a service that has an operation without a handler.
func New(opt Options) (*Router, error) {
	rt := &Router{opt: opt, services: map[string]*api.Service{}}
	for _, s := range opt.Services {
		if err := s.Check(); err != nil {
			return nil, fmt.Errorf("serving the AWS APIs: %w", err)
		}
		if rt.services[s.Wire.Name] != nil {
			return nil, fmt.Errorf("serving the AWS APIs: two services are called %q", s.Wire.Name)
		}
		rt.services[s.Wire.Name] = s
	}
	return rt, nil
}

// ServeHTTP answers one request.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{Router: rt, w: w, r: r, ev: event.From(r.Context()), now: rt.opt.Now(), door: doorOf(r)}
	defer x.recover()
	if err := x.serve(); err != nil {
		x.fail(err)
	}
}

func doorOf(r *http.Request) api.Door {
	if awsrest.Speaks(r) {
		return awsrest.Door{}
	}
	if awsjson.Speaks(r) {
		return awsjson.Door{}
	}
	return awsquery.Door{}
}

// unsigned is the service that has action as an operation without a signature,
// nil where there is none.
func (rt *Router) unsigned(action string) *api.Service {
	for _, s := range rt.services {
		if s.Unsigned[action] {
			return s
		}
	}
	return nil
}
