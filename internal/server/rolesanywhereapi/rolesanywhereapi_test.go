package rolesanywhereapi_test

import (
	"testing"

	"sojourn/internal/server/rolesanywhereapi"
)

func TestEveryOperationHasItsHandler(t *testing.T) {
	if err := rolesanywhereapi.New(struct{ rolesanywhereapi.Domain }{}).Check(); err != nil {
		t.Error(err)
	}
}
