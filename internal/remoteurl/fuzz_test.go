package remoteurl

import (
	"strings"
	"testing"
)

// Whatever Parse accepts, it accepts again when written out from its parts, with the same parts.
func FuzzRemoteURL(f *testing.F) {
	for _, s := range []string{
		"codecommit://p@repo", "us-east-1://repo", "codecommit::us-east-1://a@b@repo/x?y#z", "codecommit://", "://x", "CODECOMMIT://\x00@\n",
		"us-east-1://[::1]", "codecommit://a%40b@r", "\t codecommit://r",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := Parse(raw)
		if err != nil {
			if u.Repository != "" || u.Scheme != "" {
				t.Fatalf("Parse(%q) failed and still returned %+v", raw, u)
			}
			return
		}
		if strings.ContainsAny(u.Repository, "/?#@\t\r\n") || strings.ContainsAny(u.Profile, "/?#\t\r\n") {
			t.Fatalf("Parse(%q) let a separator through: %+v", raw, u)
		}
		text := u.Scheme + "://" + u.Repository
		if u.HasProfile {
			text = u.Scheme + "://" + u.Profile + "@" + u.Repository
		}
		again, err := Parse(text)
		again.Raw = raw
		if err != nil || again != u {
			t.Fatalf("Parse(%q) = %+v, but Parse(%q) = %+v, %v", raw, u, text, again, err)
		}
		if region, err := u.Region(false); err == nil {
			if wide, err := u.Region(true); err != nil || wide != region {
				t.Fatalf("Region of %q: %q strictly, %q, %v openly", raw, region, wide, err)
			}
		}
	})
}
