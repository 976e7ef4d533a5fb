package sigv4

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"
)

// skew is how far the clocks of an API's client and of the server may be apart.
const skew = 5 * time.Minute

// CheckWindow reports whether now is within the time that the signature is
// good for: five minutes around its own time; of a presigned request from five
// minutes before it to five minutes after it has expired.
func (a *Auth) CheckWindow(now time.Time) error {
	if limit := now.Add(skew); a.Time.After(limit) {
		return mismatch("Signature not yet current: %s is still later than %s (%s + %s.)",
			stamp(a.Time), stamp(limit), stamp(now), length(skew))
	}
	age := skew + a.Expires
	if limit := now.Add(-age); a.Time.Before(limit) {
		return mismatch("Signature expired: %s is now earlier than %s (%s - %s.)",
			stamp(a.Time), stamp(limit), stamp(now), length(age))
	}
	return nil
}

func length(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d sec", d/time.Second)
}

// Verify reports whether the request, with a body of this hash (lower-case
// hex), was signed with key, which must be derived for a.Date, a.Region and
// a.Service. The comparison takes the same time whatever differs.
func (a *Auth) Verify(r *http.Request, bodySHA256 string, key Key) bool {
	canonical, complete := appendRequest(make([]byte, 0, 2048), r, a.params, a.SignedHeaders, bodySHA256)
	sum := key.signature(a.Time, len(TimeFormat), a.Region, a.Service, canonical)
	matches := subtle.ConstantTimeCompare(sum[:], a.Signature) == 1
	return matches && complete && (a.BodyHash == "" || a.BodyHash == bodySHA256)
}
