package stsapi_test

import (
	"testing"

	"sojourn/internal/server/stsapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := stsapi.New(struct{ stsapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
