package remotehelper

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"sojourn/internal/secret"
)

// A kept session that the server refuses is forgotten once. What comes in its
// place may be a kept one too, that another process has just made: refused
// again, it is git's own helper's to say so, and not a reason to go on for ever.
func TestRefusedSessionIsRenewedOnce(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusUnauthorized} {
		requests, dropped := 0, 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if requests++; requests > 3 { // so that what does not give up ends, too
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(status)
		}))
		defer server.Close()
		var kept *Target
		kept = &Target{URL: server.URL + "/v1/repos/r", User: "AKID", Password: secret.New("x"), Drop: func() { dropped++ },
			Again: func(context.Context) (*Target, error) { return kept, nil }}
		env := func(name string) (string, bool) { v, ok := os.LookupEnv(name); return v, ok && name == "PATH" }
		h := &pusher{p: Process{Env: env, Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}, Now: time.Now}, target: kept}
		if _, _, err := h.discover(t.Context()); !errors.Is(err, errNative) {
			t.Errorf("%d: %v", status, err)
		}
		if requests != 2 || dropped != 1 {
			t.Errorf("%d: %d requests, %d sessions forgotten; want 2 and 1", status, requests, dropped)
		}
	}
}
