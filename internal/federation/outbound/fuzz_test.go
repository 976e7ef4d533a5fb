package outbound

import "testing"

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://example.com/x", "https://[::1]:8443/", "https://a@b/", "https://%41/", "http://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := CheckURL(s)
		if err != nil {
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Hostname() == "" || u.Fragment != "" {
			t.Errorf("%q became %#v", s, u)
		}
		if len(u.String()) > maxURL {
			return // escaping made it longer
		}
		if again, err := CheckURL(u.String()); err != nil || again.Hostname() != u.Hostname() {
			t.Errorf("%q became %q, which reads as %v, %v", s, u, again, err)
		}
	})
}
