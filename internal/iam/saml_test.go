package iam

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/federation/samlidp"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

var samlTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// metadata is the document of an identity provider with the key of that number.
func metadata(n int) string {
	return samltest.With("https://idp.example/saml", samltest.RSA(n), samlTime).Metadata()
}

// privateKey is one in PEM, by its number.
func privateKey(n int) *string {
	der := samltest.Must(x509.MarshalPKCS8PrivateKey(samltest.RSA(n)))
	return new(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// saml registers a SAML provider and returns its ARN.
func (w *world) saml(name string) string {
	w.t.Helper()
	out, err := w.CreateSAMLProvider(w.ctx, w.root, &iamwire.CreateSAMLProviderInput{Name: &name, SAMLMetadataDocument: new(metadata(0))})
	w.ok(err)
	return *out.SAMLProviderArn
}

func (w *world) getSAML(arn string) *iamwire.GetSAMLProviderOutput {
	w.t.Helper()
	out, err := w.GetSAMLProvider(w.ctx, w.root, &iamwire.GetSAMLProviderInput{SAMLProviderArn: &arn})
	w.ok(err)
	return out
}

func (w *world) updateSAML(arn string, in iamwire.UpdateSAMLProviderInput) error {
	in.SAMLProviderArn = &arn
	_, err := w.UpdateSAMLProvider(w.ctx, w.root, &in)
	return err
}

func TestSAMLProvider(t *testing.T) {
	w := newWorld(t)
	tags := []iamwire.Tag{{Key: new("team"), Value: new("core")}}
	made, err := w.CreateSAMLProvider(w.ctx, w.root, &iamwire.CreateSAMLProviderInput{Name: new("Okta"), SAMLMetadataDocument: new(metadata(0)), Tags: tags})
	w.ok(err)
	arn := *made.SAMLProviderArn
	if arn != *arnOf("saml-provider/Okta") || len(made.Tags) != 1 {
		t.Errorf("created %v", made)
	}
	first := w.getSAML(arn)
	if *first.SAMLMetadataDocument != metadata(0) || !first.CreateDate.Equal(w.time) || !first.ValidUntil.Equal(samlTime.AddDate(0, 6, 0)) ||
		first.AssertionEncryptionMode != nil || first.PrivateKeyList != nil || *first.Tags[0].Key != "team" || len(*first.SAMLProviderUUID) < 22 {
		t.Errorf("got %+v", first)
	}
	w.time = w.time.Add(time.Hour)
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{SAMLMetadataDocument: new(metadata(1))}))
	second := w.getSAML(arn)
	if *second.SAMLMetadataDocument != metadata(1) || !second.CreateDate.Equal(*first.CreateDate) || *second.SAMLProviderUUID != *first.SAMLProviderUUID {
		t.Errorf("after the update %+v", second)
	}
	list, err := w.ListSAMLProviders(w.ctx, w.root, &iamwire.ListSAMLProvidersInput{})
	w.ok(err)
	if len(list.SAMLProviderList) != 1 || *list.SAMLProviderList[0].Arn != arn || !list.SAMLProviderList[0].ValidUntil.Equal(*second.ValidUntil) {
		t.Errorf("listed %+v", list)
	}
	_, err = w.DeleteSAMLProvider(w.ctx, w.root, &iamwire.DeleteSAMLProviderInput{SAMLProviderArn: &arn})
	w.ok(err)
	_, err = w.GetSAMLProvider(w.ctx, w.root, &iamwire.GetSAMLProviderInput{SAMLProviderArn: &arn})
	fails(t, err, "NoSuchEntity 404: Manifest not found for arn "+arn)
	w.saml("Okta")
	if *w.getSAML(arn).SAMLProviderUUID == *first.SAMLProviderUUID {
		t.Error("another provider of the same name has the same unique id")
	}
}

func TestSAMLProviderIsRefused(t *testing.T) {
	w := newWorld(t)
	w.saml("Okta")
	expired := samltest.With("https://idp.example/saml", samltest.RSA(0), samlTime.AddDate(-1, 0, 0)).Metadata()
	for name, x := range map[string]struct {
		in   iamwire.CreateSAMLProviderInput
		want string
	}{
		"name taken":               {iamwire.CreateSAMLProviderInput{Name: new("OKTA")}, "EntityAlreadyExists 409: SAMLProvider with name OKTA already exists."},
		"no metadata":              {iamwire.CreateSAMLProviderInput{SAMLMetadataDocument: new(strings.Repeat(" ", 2000))}, "InvalidInput 400: Could not parse metadata: "},
		"expired":                  {iamwire.CreateSAMLProviderInput{SAMLMetadataDocument: &expired}, "InvalidInput 400: The metadata document has expired."},
		"reserved tag":             {iamwire.CreateSAMLProviderInput{Tags: []iamwire.Tag{{Key: new("aws:x"), Value: new("")}}}, "InvalidInput 400: The tag key aws:x begins with aws:, which is reserved."},
		"no key":                   {iamwire.CreateSAMLProviderInput{AddPrivateKey: new("-----BEGIN NOTHING-----")}, "InvalidInput 400: Could not parse the private key: the private key is not one PEM block"},
		"Required without any key": {iamwire.CreateSAMLProviderInput{AssertionEncryptionMode: new("Required")}, "InvalidInput 400: AssertionEncryptionMode Required needs a private key: without one no assertion could be read."},
	} {
		in := x.in
		if in.Name == nil {
			in.Name = new("Other")
		}
		if in.SAMLMetadataDocument == nil {
			in.SAMLMetadataDocument = new(metadata(0))
		}
		_, err := w.CreateSAMLProvider(w.ctx, w.root, &in)
		if got := spell(err); !strings.HasPrefix(got, x.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, x.want)
		}
	}
	list, err := w.ListSAMLProviders(w.ctx, w.root, &iamwire.ListSAMLProvidersInput{})
	w.ok(err)
	if len(list.SAMLProviderList) != 1 {
		t.Errorf("a refused provider was made: %+v", list)
	}
}

func TestSAMLProviderARNs(t *testing.T) {
	w := newWorld(t)
	w.saml("Okta")
	foreign := "arn:aws:iam::" + there + ":saml-provider/Okta"
	w.tx(func(tx store.Tx) error {
		return tx.InsertSAMLProvider(store.SAMLProvider{Account: there, Name: "Okta", ID: "other", Metadata: metadata(0)})
	})
	for arn, want := range map[string]string{
		*arnOf("saml-provider/okta"): "NoSuchEntity 404: Manifest not found for arn " + *arnOf("saml-provider/okta"),
		foreign:                      "NoSuchEntity 404: Manifest not found for arn " + foreign,
		*arnOf("saml-provider/"):     "InvalidInput 400: ARN " + *arnOf("saml-provider/") + " is not valid.",
		*arnOf("oidc-provider/Okta"): "InvalidInput 400: ARN " + *arnOf("oidc-provider/Okta") + " is not valid.",
	} {
		_, err := w.GetSAMLProvider(w.ctx, w.root, &iamwire.GetSAMLProviderInput{SAMLProviderArn: &arn})
		fails(t, err, want)
		fails(t, w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{}), want)
		_, err = w.DeleteSAMLProvider(w.ctx, w.root, &iamwire.DeleteSAMLProviderInput{SAMLProviderArn: &arn})
		fails(t, err, want)
		_, err = w.TagSAMLProvider(w.ctx, w.root, &iamwire.TagSAMLProviderInput{SAMLProviderArn: &arn})
		fails(t, err, want)
	}
}

// Two keys at the most; one request puts a key in another's place; the keys are
// sealed for their provider, and none is ever shown.
func TestSAMLPrivateKeys(t *testing.T) {
	w := newWorld(t)
	arn := w.saml("Okta")
	ids := func() (out []string) {
		for _, k := range w.getSAML(arn).PrivateKeyList {
			if !k.Timestamp.Equal(w.time) {
				t.Errorf("key added at %s", k.Timestamp)
			}
			out = append(out, *k.KeyId)
		}
		return out
	}
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{AddPrivateKey: privateKey(1), AssertionEncryptionMode: new("Required")}))
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{AddPrivateKey: privateKey(2)}))
	two := ids()
	if got, want := w.gate.asked[len(w.gate.asked)-2].Params, map[string]string{"sAMLProviderArn": arn, "addPrivateKey": "given"}; !maps.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
	fails(t, w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{AddPrivateKey: privateKey(3)}), "LimitExceeded 409: Cannot exceed quota for PrivateKeysPerSAMLProvider: 2")
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{AddPrivateKey: privateKey(3), RemovePrivateKey: &two[0]}))
	if now := ids(); len(now) != 2 || now[0] != two[1] || slices.Contains(two, now[1]) {
		t.Errorf("keys %q, before %q", now, two)
	}
	gone := strings.Repeat("A", 26)
	fails(t, w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{RemovePrivateKey: &gone}), "NoSuchEntity 404: The private key with id "+gone+" cannot be found.")
	now := ids()
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{RemovePrivateKey: &now[0]}))
	fails(t, w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{RemovePrivateKey: &now[1]}),
		"InvalidInput 400: AssertionEncryptionMode Required needs a private key: without one no assertion could be read.")
	if got := w.getSAML(arn); len(got.PrivateKeyList) != 1 || *got.AssertionEncryptionMode != "Required" {
		t.Errorf("a refused update left %+v", got)
	}
	w.ok(w.updateSAML(arn, iamwire.UpdateSAMLProviderInput{RemovePrivateKey: &now[1], AssertionEncryptionMode: new("Allowed")}))
}

// What is in the store opens for its own provider alone.
func TestSAMLPrivateKeysAreSealedForTheirProvider(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"Okta", "Keycloak"} {
		w.ok(w.updateSAML(w.saml(name), iamwire.UpdateSAMLProviderInput{AddPrivateKey: privateKey(2)}))
	}
	verifier := samlidp.New(samlidp.Options{Keys: w.keys, Now: func() time.Time { return w.time }})
	w.tx(func(tx store.Tx) error {
		one, err := tx.SAMLProvider(here, "Okta")
		w.ok(err)
		two, err := tx.SAMLProvider(here, "Keycloak")
		w.ok(err)
		if text := string(one.PrivateKeys[0].Sealed); strings.Contains(text, "PRIVATE KEY") {
			t.Error("the key is stored as it is")
		}
		if _, err := verifier.Verify(one, "no response"); spell(err) == "no error" || strings.Contains(err.Error(), "opening") {
			t.Errorf("the provider's own key: %v", err)
		}
		one.PrivateKeys = two.PrivateKeys
		if _, err := verifier.Verify(one, "no response"); err == nil || !strings.Contains(err.Error(), "opening the sealed") {
			t.Errorf("another provider's key: %v", err)
		}
		return nil
	})
}

func TestSAMLProviderQuota(t *testing.T) {
	w := newWorld(t)
	w.tx(func(tx store.Tx) error {
		for i := range providersPerAccount {
			p := store.SAMLProvider{Account: here, Name: fmt.Sprintf("p%d", i), ID: fmt.Sprint(i), Metadata: "m"}
			if err := tx.InsertSAMLProvider(p); err != nil {
				return err
			}
		}
		return nil
	})
	in := &iamwire.CreateSAMLProviderInput{Name: new("more"), SAMLMetadataDocument: new(metadata(0))}
	_, err := w.CreateSAMLProvider(w.ctx, w.root, in)
	fails(t, err, "LimitExceeded 409: Cannot exceed quota for SAMLProvidersPerAccount: 100")
	_, err = w.CreateSAMLProvider(w.ctx, rootOf(there), in)
	w.ok(err)
}

func TestSAMLProviderTags(t *testing.T) {
	w := newWorld(t)
	arn := w.saml("Okta")
	_, err := w.TagSAMLProvider(w.ctx, w.root, &iamwire.TagSAMLProviderInput{SAMLProviderArn: &arn, Tags: []iamwire.Tag{{Key: new("a"), Value: new("1")}, {Key: new("b"), Value: new("2")}}})
	w.ok(err)
	_, err = w.UntagSAMLProvider(w.ctx, w.root, &iamwire.UntagSAMLProviderInput{SAMLProviderArn: &arn, TagKeys: []string{"A"}})
	w.ok(err)
	list, err := w.ListSAMLProviderTags(w.ctx, w.root, &iamwire.ListSAMLProviderTagsInput{SAMLProviderArn: &arn})
	w.ok(err)
	if len(list.Tags) != 1 || *list.Tags[0].Key != "b" || *w.getSAML(arn).SAMLMetadataDocument != metadata(0) {
		t.Errorf("tags %v", list.Tags)
	}
	w.gate.asked = nil
	_ = w.getSAML(arn)
	if r := w.gate.asked[0]; len(r.ResourceTags) != 1 || r.ResourceAccount != here {
		t.Errorf("asked %+v", r)
	}
}
