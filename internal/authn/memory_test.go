package authn

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"sojourn/internal/sigv4"
)

// What is remembered of a request is no reason to keep its whole text, of which
// the key's id, the day, the region and the service are parts.
func TestRequestsAreNotKept(t *testing.T) {
	w := newWorld(t)
	cred := &credential{secret: "s"}
	begin := fmt.Sprintf("AKIAXXXXXXXX%08d 20261124 eu-central-1 sts ", 0)
	const size, count = 1 << 20, maxScopes
	before := heap()
	for i := range count {
		text := strings.Replace(begin, "00000000", fmt.Sprintf("%08d", i), 1) + strings.Repeat("x", size)
		part := strings.SplitN(text, " ", 5)
		cred.signingKey(part[1][:8], part[2], fmt.Sprint(part[3], i)) // each is one of its own
		cred.signingKey(part[1], part[2], part[3])
		if _, err := w.accessKey(t.Context(), part[0]); err == nil {
			t.Fatal("an unknown key is known")
		}
	}
	if grown := heap() - before; grown > size*count/2 {
		t.Errorf("%d bytes are kept of %d requests of %d bytes", grown, count, size)
	}
	if _, err := w.accessKey(t.Context(), "AKIAXXXXXXXX00000000"); err == nil || len(cred.keys) == 0 || cred.signingKey("20261124", "eu-central-1", "sts") != sigv4.DeriveKey("s", "20261124", "eu-central-1", "sts") {
		t.Error("nothing is remembered")
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
