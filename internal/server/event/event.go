// Package event is the one log event of a request: the front makes it, each
// floor adds what it learns, the front writes it when the answer is out. It
// holds names only, never a secret, a query string or a header's value.
package event

import (
	"context"
	"log/slog"
	"net/netip"
)

// Event is what is known of a request.
type Event struct {
	RequestID string
	SourceIP  netip.Addr

	Service   string // sts, iam, codecommit, git; "" for others
	Operation string // an operation of ours, never outside text
	Caller    string // ARN
	Resource  string
	Error     string // error code
	Cause     error  // a fault of ours, for the log alone
}

type key struct{}

// With returns a context that carries e.
func With(ctx context.Context, e *Event) context.Context { return context.WithValue(ctx, key{}, e) }

// From returns the request's event, or an empty one outside a request.
func From(ctx context.Context) *Event {
	if e, ok := ctx.Value(key{}).(*Event); ok {
		return e
	}
	return &Event{}
}

// Field is a text of an event, with its name in the log.
type Field struct{ Name, Value string }

// Fields are the texts of which some may not be set.
func (e *Event) Fields() [5]Field {
	return [...]Field{{"service", e.Service}, {"operation", e.Operation}, {"caller", e.Caller}, {"resource", e.Resource}, {"error", e.Error}}
}

// Append adds the event's fields that are set.
func (e *Event) Append(attrs []slog.Attr) []slog.Attr {
	attrs = append(attrs, slog.String("request_id", e.RequestID), slog.String("source_ip", e.SourceIP.String()))
	for _, f := range e.Fields() {
		if f.Value != "" {
			attrs = append(attrs, slog.String(f.Name, f.Value))
		}
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("cause", e.Cause.Error()))
	}
	return attrs
}
