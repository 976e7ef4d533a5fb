package signin

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	roleA    = "arn:aws:iam::111111111111:role/CodeCommitAccess"
	roleB    = "arn:aws:iam::222222222222:role/team/Reader"
	provider = "arn:aws:iam::111111111111:saml-provider/Company"
)

// response is a SAML response in base64, to the request id, with values of the attribute Role.
func response(id string, roles ...string) string {
	values := ""
	for _, r := range roles {
		values += "<saml:AttributeValue>" + r + "</saml:AttributeValue>"
	}
	return base64.StdEncoding.EncodeToString([]byte(`<?xml version="1.0"?><samlp:Response xmlns:samlp="urn:p" xmlns:saml="urn:a" InResponseTo="` + id + `"><saml:Assertion>` +
		`<saml:Subject><saml:SubjectConfirmation><saml:SubjectConfirmationData InResponseTo="` + id + `"/></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">` + values + `</saml:Attribute>` +
		`<saml:Attribute Name="other"><saml:AttributeValue>` + roleB + "," + provider + `</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`))
}

// samlSignIn is a sign-in in which v happens at the provider, who reads the request's id.
func samlSignIn(t *testing.T, v func(id, state, acs string)) (Response, error) {
	t.Helper()
	s := SAML{URL: "https://idp.example.com/sso?tenant=1", ACS: "http://127.0.0.1/saml", EntityID: DefaultEntityID, Now: func() time.Time { return start }}
	return s.SignIn(t.Context(), Browse{Tell: func(string) {}, Over: make(chan time.Time), Open: func(address string) error {
		u, err := url.Parse(address)
		if err != nil || u.Query().Get("tenant") != "1" {
			t.Errorf("%q %v", address, err)
		}
		packed, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
		if err != nil {
			t.Error(err)
		}
		text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		if err != nil {
			t.Error(err)
		}
		var request struct {
			ID     string `xml:"ID,attr"`
			ACS    string `xml:"AssertionConsumerServiceURL,attr"`
			Issuer string
		}
		if err := xml.Unmarshal(text, &request); err != nil || request.Issuer != DefaultEntityID {
			t.Errorf("%v %s", err, text)
		}
		go v(request.ID, u.Query().Get("RelayState"), request.ACS)
		return nil
	}})
}

const idpOrigin = "https://idp.example.com"

func TestSAMLSignIn(t *testing.T) {
	r, err := samlSignIn(t, func(id, state, acs string) {
		send(t, "POST", acs, url.Values{"SAMLResponse": {response(id, roleA+","+provider)}, "RelayState": {state}}, "Origin", idpOrigin)
	})
	if err != nil || !slices.Equal(r.Roles, []Role{{roleA, provider}}) || r.Text.Empty() {
		t.Errorf("%+v %v", r, err)
	}
}

// TestSAMLForeign: another page may make the browser post its owner's response
// here. It is turned away, and the user's own is taken.
func TestSAMLForeign(t *testing.T) {
	for _, c := range []struct {
		name   string
		attack func(id, state, acs string) int
		status int
	}{
		{"another origin", func(id, state, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {response(id, roleB+","+provider)}, "RelayState": {state}}, "Origin", "https://evil.example")
			return s
		}, 403},
		{"another relay state", func(id, _, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {response(id, roleB+","+provider)}, "RelayState": {"x"}}, "Origin", idpOrigin)
			return s
		}, 400},
		{"an answer to another request", func(_, state, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {response("_other", roleB+","+provider)}, "RelayState": {state}}, "Origin", idpOrigin)
			return s
		}, 400},
		{"an answer to no request", func(_, state, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {response("", roleB+","+provider)}, "RelayState": {state}}, "Origin", idpOrigin)
			return s
		}, 400},
		{"in the address", func(id, state, acs string) int {
			s, _ := send(t, "GET", acs+"?"+url.Values{"SAMLResponse": {response(id, roleB+","+provider)}, "RelayState": {state}}.Encode(), nil)
			return s
		}, 405},
		{"another host", func(id, state, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {response(id, roleB+","+provider)}, "RelayState": {state}}, "Host", "evil.example")
			return s
		}, 421},
		{"too much", func(_, state, acs string) int {
			s, _ := send(t, "POST", acs, url.Values{"SAMLResponse": {strings.Repeat("x", maxForm+1)}, "RelayState": {state}}, "Origin", idpOrigin)
			return s
		}, 400},
	} {
		r, err := samlSignIn(t, func(id, state, acs string) {
			if got := c.attack(id, state, acs); got != c.status {
				t.Errorf("%s: status %d, want %d", c.name, got, c.status)
			}
			send(t, "POST", acs, url.Values{"SAMLResponse": {response(id, roleA+","+provider)}, "RelayState": {state}}, "Origin", idpOrigin)
		})
		if err != nil || len(r.Roles) != 1 || r.Roles[0].ARN != roleA {
			t.Errorf("%s: %+v %v", c.name, r.Roles, err)
		}
	}
	for _, bad := range []string{"http://idp.example.com/", "javascript:alert(1)", ""} {
		if _, err := (SAML{URL: bad, ACS: "http://127.0.0.1/saml", Now: time.Now}).SignIn(t.Context(), Browse{}); err == nil {
			t.Errorf("%q is opened", bad)
		}
	}
}

func TestParseResponse(t *testing.T) {
	plain := response("", roleA+","+provider, " "+provider+" , "+roleB+" ", roleA+","+provider)
	want := []Role{{roleA, provider}, {roleB, provider}}
	for name, text := range map[string]string{
		"as it is": plain, "with line ends": "\n" + plain[:70] + "\r\n" + plain[70:] + " \n", "percent-encoded": url.QueryEscape(plain),
		"a form":               "SAMLResponse=" + url.QueryEscape(plain) + "&RelayState=x",
		"a form, state first":  "RelayState=x&SAMLResponse=" + url.QueryEscape(plain),
		"as it is, with a '+'": plain,
	} {
		r, err := ParseResponse(text)
		if err != nil || !slices.Equal(r.Roles, want) || r.Text.Reveal() != plain {
			t.Errorf("%s: %+v %v", name, r.Roles, err)
		}
	}
	for _, hostile := range []string{"arn:aws:iam::111111111111:role/a\x1b[2J," + provider, "arn:aws:iam::1:user/x," + provider, roleA, roleA + ",x", "arn:aws:sts::111111111111:role/x," + provider,
		"arn:aws:iam::111111111111:role/a b," + provider} {
		text := base64.StdEncoding.EncodeToString([]byte(`<Response><Attribute Name="` + roleAttribute + `"><AttributeValue>` + strings.ReplaceAll(hostile, "\x1b", "\u009b") + `</AttributeValue></Attribute></Response>`))
		if r, err := ParseResponse(text); err != nil || len(r.Roles) != 0 {
			t.Errorf("%q gives %+v %v", hostile, r.Roles, err)
		}
	}
	for name, document := range map[string]string{
		"a DOCTYPE alone": `<!DOCTYPE r><Response/>`, "a DOCTYPE": `<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>`, "an entity": `<Response>&a;</Response>`, "two roots": `<Response/><Response/>`,
		"another root": `<html><Response/></html>`, "no end": `<Response>`, "nothing": ``, "too much": "<Response>" + strings.Repeat("<a/>", maxElements) + "</Response>",
	} {
		if r, err := ParseResponse(base64.StdEncoding.EncodeToString([]byte(document))); err == nil {
			t.Errorf("%s is taken: %+v", name, r.Roles)
		}
	}
	for _, text := range []string{"", "!!!", strings.Repeat("A", maxAssertion+4), strings.Repeat("A", maxForm+1)} {
		if _, err := ParseResponse(text); err == nil {
			t.Errorf("%d bytes of %.3q are taken", len(text), text)
		}
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add([]byte(`<Response><Attribute Name="` + roleAttribute + `"><AttributeValue>` + roleA + `,` + provider + `</AttributeValue></Attribute></Response>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		r, err := ParseResponse(base64.StdEncoding.EncodeToString(document))
		if err != nil {
			return
		}
		for _, role := range r.Roles {
			if !validRole(role) || Plain(role.ARN) != role.ARN && len(role.ARN) <= maxShown {
				t.Errorf("%q", role)
			}
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"iss":"i","sub":"s","aud":["a"],"exp":1}`)
	f.Add(`{"aud":"a","AUD":"b","exp":1e300}`)
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := Claims("e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln")
		if err == nil && c.Expires.Before(time.Unix(0, 0)) {
			t.Errorf("%+v", c)
		}
	})
}

// FuzzAnswer gives the listener every address and form; only the one with the state is taken.
func FuzzAnswer(f *testing.F) {
	p := &Provider{Issuer: "https://i"}
	f.Add("code=x&state=S&iss=https%3A%2F%2Fi")
	f.Add("state=S&error=a")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		code, err := p.code(codeRequest{state: "STATE-THAT-NOBODY-GUESSES"}, v)
		if (err == nil) != (code != "") || err == nil && (len(v["state"]) != 1 || v.Get("state") != "STATE-THAT-NOBODY-GUESSES" || v.Has("error")) {
			t.Errorf("%q gives %q, %v", query, code, err)
		}
		if _, err := pastedValues(query); err == nil && !strings.Contains(query, "?") {
			t.Errorf("%q is an address", query)
		}
	})
}
