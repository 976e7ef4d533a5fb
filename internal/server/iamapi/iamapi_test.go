package iamapi_test

import (
	"testing"

	"sojourn/internal/server/iamapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := iamapi.New(struct{ iamapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
