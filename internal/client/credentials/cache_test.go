package credentials

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/stsclient"
)

const twoRoles = `[profile a]
role_arn = arn:aws:iam::111111111111:role/R
source_profile = k1
[profile b]
role_arn = arn:aws:iam::111111111111:role/R
source_profile = k2
[profile c]
role_arn = arn:aws:iam::111111111111:role/R
source_profile = k1
external_id = other
[profile w]
role_arn = arn:aws:iam::111111111111:role/W
web_identity_token_file = ~/token
[profile k1]
aws_access_key_id = K1
aws_secret_access_key = s
[profile k2]
aws_access_key_id = K2
aws_secret_access_key = s
`

// A session is used again by the same profile only: another source, other
// parameters, another server, another person's token or its end make a new one.
// The AWS CLI's cache key holds neither source nor endpoint.
func TestCacheKey(t *testing.T) {
	w := newWorld(t, twoRoles, "")
	w.write("token", "jwt1")
	want := func(n int, what string, chain *Chain) {
		t.Helper()
		if _, err := chain.Resolve(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(w.sts.calls) != n {
			t.Errorf("%s: %d calls so far, want %d", what, len(w.sts.calls), n)
		}
	}
	want(1, "cold", w.chain("a", true))
	want(1, "the same again", w.chain("a", true))
	want(2, "another source profile", w.chain("b", true))
	want(3, "another external id", w.chain("c", true))
	other := w.chain("a", true)
	other.Endpoint = "https://elsewhere"
	want(4, "another server", other)
	want(5, "web identity", w.chain("w", true))
	want(5, "web identity again", w.chain("w", true))
	w.write("token", "jwt2")
	want(6, "another token", w.chain("w", true))
	late := w.chain("a", true)
	late.Now = func() time.Time { return noon.Add(56 * time.Minute) }
	want(7, "near its end", late)
}

// What cannot be a code is not sent, and not shown either: it may be a password.
func TestNoCode(t *testing.T) {
	w := newWorld(t, "[profile p]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = q\nmfa_serial = m\n[profile q]\naws_access_key_id=K\naws_secret_access_key=s\n", "")
	for _, answer := range []string{"pass word", "12345", "1234567", "12345a", "12345６"} {
		c := w.chain("p", true)
		c.Ask = func(context.Context, string) (string, error) { return answer, nil }
		_, err := c.Resolve(context.Background())
		if err == nil || !strings.Contains(err.Error(), "has six digits") || strings.Contains(err.Error(), answer) {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

// What the source profile would cost (here: a program, a code) is not spent while the role's session lives.
func TestCacheSparesTheSource(t *testing.T) {
	w := newWorld(t, "[profile p]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = q\nmfa_serial = m\n[profile q]\ncredential_process = /no/such/program\n", "")
	c := w.chain("p", true)
	if _, err := c.Resolve(context.Background()); err == nil || !strings.Contains(err.Error(), `credential_process of profile "q"`) {
		t.Fatal(err)
	}
	w.write(".aws/config", "[profile p]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = q\nmfa_serial = m\n[profile q]\naws_access_key_id=K\naws_secret_access_key=s\n")
	asked := 0
	for range 2 {
		c = w.chain("p", true)
		c.Ask = func(context.Context, string) (string, error) { asked++; return "000001", nil }
		if _, err := c.Resolve(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("the code was asked for %d times", asked)
	}
}

// A refusal names the profile and is not kept.
func TestRefusalIsNotKept(t *testing.T) {
	w := newWorld(t, twoRoles, "")
	w.write("token", "jwt")
	w.sts.err = &stsclient.Error{Code: "AccessDenied", Message: "no", Operation: "AssumeRole"}
	for range 2 {
		_, err := w.resolve("a", true)
		if err == nil || err.Error() != `profile "a": An error occurred (AccessDenied) when calling the AssumeRole operation: no` {
			t.Error(err)
		}
	}
	w.sts.err = errors.New("gone")
	if _, err := w.resolve("w", true); err == nil || err.Error() != `profile "w": gone` {
		t.Error(err)
	}
	if len(w.sts.calls) != 3 {
		t.Errorf("%d calls", len(w.sts.calls))
	}
}
