package awsrest

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"sojourn/internal/awserr"
)

// TestErrors: refusals have the name that SDKs know, and the status that the
// services of this protocol have for it.
func TestErrors(t *testing.T) {
	for want, err := range map[string]*awserr.Error{
		"ThrottlingException 429":   awserr.TooSoon(time.Second, "too many"),
		"AccessDeniedException 403": awserr.Denied("no"),
	} {
		w := httptest.NewRecorder()
		Door{}.Error(w, nil, err, "r-1")
		if got := fmt.Sprint(w.Header().Get("X-Amzn-Errortype"), " ", w.Code); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
