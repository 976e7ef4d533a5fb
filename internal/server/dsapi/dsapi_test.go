package dsapi_test

import (
	"testing"

	"sojourn/internal/server/dsapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := dsapi.New(struct{ dsapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
