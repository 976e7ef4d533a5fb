package accessanalyzerapi_test

import (
	"testing"

	"sojourn/internal/server/accessanalyzerapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := accessanalyzerapi.New(struct{ accessanalyzerapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
