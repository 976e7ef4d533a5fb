package codecommitapi_test

import (
	"testing"

	"sojourn/internal/server/codecommitapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := codecommitapi.New(struct{ codecommitapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
