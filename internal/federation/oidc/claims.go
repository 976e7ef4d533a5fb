package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/awserr"
)

// Bounds of a token's times and names.
const (
	skew        = time.Minute
	maxLifetime = 24*time.Hour + 5*time.Minute // a day, from a provider that dates its tokens back
	maxName     = 255                          // characters of sub, aud and azp
	lastSecond  = 253402300799                 // 9999-12-31T23:59:59Z
)

// registered are the claims that decide. A claim whose name differs from one of
// them in case only is an attempt to confuse a laxer reader.
var registered = []string{"iss", "sub", "aud", "azp", "exp", "nbf", "iat"}

type claims struct {
	issuer, subject string
	audience        []string
	party           string // azp, "" when absent
	expires, issued time.Time
	notBefore       time.Time // zero when absent
	all             map[string]any
}

func parseClaims(b []byte) (*claims, error) {
	m, err := parseObject(b)
	if err != nil {
		return nil, malformed(err)
	}
	for name := range m {
		if i := slices.IndexFunc(registered, func(r string) bool { return strings.EqualFold(r, name) }); i >= 0 && registered[i] != name {
			return nil, malformed(fmt.Errorf("claim %q looks like %q", name, registered[i]))
		}
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		if _, ok := m[name]; !ok {
			return nil, invalid("Missing a required claim: "+name, nil)
		}
	}
	c := &claims{all: m}
	if err := c.fill(); err != nil {
		return nil, malformed(err)
	}
	return c, nil
}

func (c *claims) fill() (err error) {
	if c.issuer, err = c.text("iss"); err != nil {
		return err
	}
	if c.subject, err = c.name("sub"); err != nil {
		return err
	}
	if c.audience, err = c.texts("aud"); err != nil {
		return err
	}
	if _, ok := c.all["azp"]; ok {
		if c.party, err = c.name("azp"); err != nil {
			return err
		}
	}
	for name, at := range map[string]*time.Time{"exp": &c.expires, "iat": &c.issued, "nbf": &c.notBefore} {
		if *at, err = c.date(name); err != nil {
			return err
		}
	}
	return nil
}

func (c *claims) text(name string) (string, error) {
	s, ok := c.all[name].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("claim %q is no text", name)
	}
	return s, nil
}

func (c *claims) name(name string) (string, error) {
	s, err := c.text(name)
	if err == nil && !plain(s) {
		err = fmt.Errorf("claim %q is too long or holds control characters", name)
	}
	return s, err
}

// plain reports whether s can be shown and compared: not empty, not long, no
// control character, and no character that stands for a damaged one.
func plain(s string) bool {
	return s != "" && len([]rune(s)) <= maxName && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar
	})
}

// texts reads a text or a list of texts.
func (c *claims) texts(name string) ([]string, error) {
	list, ok := c.all[name].([]any)
	if !ok {
		list = []any{c.all[name]}
	}
	out := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok || !plain(s) {
			return nil, fmt.Errorf("claim %q is neither a text nor a list of texts", name)
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("claim %q is empty", name)
	}
	return out, nil
}

// date reads a NumericDate; an absent one is the zero time.
func (c *claims) date(name string) (time.Time, error) {
	v, ok := c.all[name]
	if !ok {
		return time.Time{}, nil
	}
	seconds, ok := v.(float64)
	if !ok || seconds < 0 || seconds > lastSecond {
		return time.Time{}, fmt.Errorf("claim %q is no date", name)
	}
	return time.Unix(int64(seconds), 0), nil
}

// check applies the rules that need the provider and the clock.
func (c *claims) check(p knownIssuer, now time.Time) error {
	if url, ok := providerURL(c.issuer); !ok || url != p.URL {
		return unknownIssuer(c.issuer)
	}
	client, err := c.client()
	if err != nil || !p.builtIn && !slices.Contains(p.ClientIDs, client) {
		return invalid("Incorrect token audience", err)
	}
	return c.checkTimes(now)
}

// client is whom the token was made for. With several audiences and no
// authorised party there is no telling.
func (c *claims) client() (string, error) {
	switch {
	case c.party != "":
		return c.party, nil
	case len(c.audience) > 1:
		return "", errors.New("several audiences and no azp")
	}
	return c.audience[0], nil
}

func (c *claims) checkTimes(now time.Time) error {
	switch {
	case !now.Before(c.expires.Add(skew)):
		return awserr.New("ExpiredTokenException", http.StatusBadRequest,
			"Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), c.expires.Unix())
	case c.issued.After(now.Add(skew)) || c.notBefore.After(now.Add(skew)):
		return invalid("The web identity token is not valid yet: check the clocks of the identity provider and of this server", nil)
	case !c.expires.After(c.issued):
		return invalid("The web identity token expires before it was issued", nil)
	case c.expires.Sub(c.issued) > maxLifetime:
		return rejected("The web identity token is valid for longer than 24 hours")
	}
	return nil
}
