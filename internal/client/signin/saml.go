package signin

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"sojourn/internal/arn"
	"sojourn/internal/secret"
)

// DefaultEntityID is the name that AWS has as a SAML service provider.
const DefaultEntityID = "urn:amazon:webservices"

// maxAssertion is STS's limit, in characters of base64.
const maxAssertion = 100000

// SAML is a sign-in at a SAML identity provider.
type SAML struct {
	URL      string // of the provider's sign-on page
	ACS      string // loopback address that the provider posts to; "" pastes
	EntityID string // that the provider knows this service by
	Now      func() time.Time
}

// Role is a pair of the attribute Role: what may be assumed, and by which provider.
type Role struct{ ARN, Provider string }

// Response is a SAML response as it goes to STS. Nothing in it is verified.
type Response struct {
	Text  secret.String // base64
	Roles []Role        // empty when the assertion is encrypted

	inResponseTo []string
}

// SignIn sends the user to the provider and waits for the response on the
// loopback assertion consumer. The response must bring back the relay state and
// answer this request: a page elsewhere could post its own owner's response.
func (s SAML) SignIn(ctx context.Context, b Browse) (Response, error) {
	u, err := secureURL(s.URL)
	if err != nil {
		return Response{}, fmt.Errorf("the provider's address: %w", err)
	}
	l, err := Listen(s.ACS)
	if err != nil {
		return Response{}, err
	}
	defer l.Close()
	id, state := "_"+rand.Text(), rand.Text()
	request, err := s.request(id, l.URL)
	if err != nil {
		return Response{}, err
	}
	q := u.Query()
	q.Set("SAMLRequest", request)
	q.Set("RelayState", state)
	u.RawQuery = q.Encode()
	origin := u.Scheme + "://" + u.Host
	text, err := await(ctx, b, l, u.String(), func(v url.Values) (string, error) { return checkResponse(v, id, state) }, origin)
	if err != nil {
		return Response{}, err
	}
	return ParseResponse(text)
}

func checkResponse(v url.Values, id, state string) (string, error) {
	if got := v["RelayState"]; len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(state)) != 1 {
		return "", errForeign
	}
	if len(v["SAMLResponse"]) != 1 {
		return "", errors.New("the provider posted no SAMLResponse")
	}
	r, err := ParseResponse(v.Get("SAMLResponse"))
	switch {
	case err != nil:
		return "", err
	case len(r.inResponseTo) == 0 || slices.ContainsFunc(r.inResponseTo, func(s string) bool { return s != id }):
		return "", errForeign
	}
	return r.Text.Reveal(), nil
}

// request is an AuthnRequest in the form of the redirect binding.
func (s SAML) request(id, acs string) (string, error) {
	var destination, consumer, issuer bytes.Buffer
	for text, to := range map[string]*bytes.Buffer{s.URL: &destination, acs: &consumer, s.EntityID: &issuer} {
		if err := xml.EscapeText(to, []byte(text)); err != nil {
			return "", err
		}
	}
	document := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="` + id +
		`" Version="2.0" IssueInstant="` + s.Now().UTC().Format(time.RFC3339) + `" Destination="` + destination.String() +
		`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="` + consumer.String() +
		`"><saml:Issuer>` + issuer.String() + `</saml:Issuer></samlp:AuthnRequest>`
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write([]byte(document)); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

// ParseResponse reads a response: the base64 text itself, or a form with it, as
// a browser's network view shows it.
func ParseResponse(text string) (Response, error) {
	if len(text) > maxForm {
		return Response{}, errors.New("that is too long for a SAML response")
	}
	text = strings.TrimSpace(text)
	if strings.Contains(text, "SAMLResponse=") {
		form, err := url.ParseQuery(text[strings.Index(text, "SAMLResponse="):])
		if err != nil {
			return Response{}, errors.New("that is no form with a SAMLResponse")
		}
		text = form.Get("SAMLResponse")
	} else if strings.Contains(text, "%") {
		if plain, err := url.QueryUnescape(text); err == nil {
			text = plain
		}
	}
	text = strings.Join(strings.Fields(text), "")
	document, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(text) > maxAssertion || text == "" {
		return Response{}, errors.New("that is no SAML response in base64; copy the whole value of SAMLResponse")
	}
	r := Response{Text: secret.New(text)}
	return r, r.read(document)
}

// roleAttribute holds pairs of a role's and a provider's ARN, in either order.
const roleAttribute = "https://aws.amazon.com/SAML/Attributes/Role"

// maxElements is far above any response's.
const maxElements = 5000

func (r *Response) read(document []byte) error {
	bad := errors.New("that is no SAML response")
	d := xml.NewDecoder(bytes.NewReader(document))
	d.Entity = map[string]string{}
	var path []string
	inRole, root := false, false
	for n := 0; ; n++ {
		token, err := d.Token()
		if err != nil {
			if !root || len(path) > 0 || !errors.Is(err, io.EOF) {
				return bad
			}
			return nil
		}
		switch t := token.(type) {
		case xml.Directive:
			return bad // a DOCTYPE
		case xml.StartElement:
			if n > maxElements || len(path) == 0 && (t.Name.Local != "Response" || root) {
				return bad
			}
			root = true
			path = append(path, t.Name.Local)
			switch t.Name.Local {
			case "Attribute":
				inRole = attribute(t, "Name") == roleAttribute
			case "Response", "SubjectConfirmationData":
				if to := attribute(t, "InResponseTo"); to != "" {
					r.inResponseTo = append(r.inResponseTo, to)
				}
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			if t.Name.Local == "Attribute" {
				inRole = false
			}
		case xml.CharData:
			if inRole && len(path) > 0 && path[len(path)-1] == "AttributeValue" {
				r.addRole(string(t))
			}
		}
	}
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// maxRoles is as many as a user can choose among.
const maxRoles = 500

func (r *Response) addRole(text string) {
	first, second, ok := strings.Cut(strings.TrimSpace(text), ",")
	role := Role{strings.TrimSpace(first), strings.TrimSpace(second)}
	if strings.Contains(role.ARN, ":saml-provider/") {
		role = Role{role.Provider, role.ARN}
	}
	if ok && validRole(role) && len(r.Roles) < maxRoles && !slices.Contains(r.Roles, role) {
		r.Roles = append(r.Roles, role)
	}
}

func validRole(r Role) bool {
	for _, v := range []struct{ name, kind string }{{r.ARN, "role/"}, {r.Provider, "saml-provider/"}} {
		a, err := arn.Parse(v.name)
		if err != nil || a.Service != "iam" || !strings.HasPrefix(a.Resource, v.kind) || strings.ContainsFunc(v.name, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }) {
			return false
		}
	}
	return true
}
