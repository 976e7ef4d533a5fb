package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire"
)

type in struct{ n int }
type out struct{ n int }

func double(_ context.Context, _ *principal.Caller, i *in) (*out, error) {
	if i.n < 0 {
		return nil, errors.New("negative")
	}
	return &out{2 * i.n}, nil
}

func TestHandle(t *testing.T) {
	h := api.Handle(double)
	if got, err := h(t.Context(), nil, &in{2}); err != nil || got.(*out).n != 4 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := h(t.Context(), nil, &in{-1}); err == nil || got != nil {
		t.Errorf("a failed call gives %v, %v", got, err)
	}
	if _, err := h(t.Context(), nil, &out{}); !awserr.Is(err, awserr.InternalFailure) {
		t.Errorf("another's input: %v", err)
	}
}

func TestCheck(t *testing.T) {
	s := &api.Service{
		Wire:     &wire.Service{Name: "s", Operations: map[string]*wire.Operation{"A": {Name: "A"}, "B": {Name: "B"}}},
		Handlers: map[string]api.Handler{"A": api.Handle(double), "C": api.Handle(double)},
		Unsigned: map[string]bool{"D": true},
	}
	err := s.Check()
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{"operation B has no handler", "no operation C", "no operation D"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("lacks %q: %v", want, err)
		}
	}
	if _, err := s.Call(t.Context(), nil, s.Wire.Operations["B"], nil); !awserr.Is(err, awserr.InternalFailure) {
		t.Error(err)
	}
}
