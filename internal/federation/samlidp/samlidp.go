// Package samlidp stands between the registered SAML providers, as the store
// keeps them, and the verifier of responses: it seals and opens a provider's
// private keys, and says which addresses and names are this server's.
//
// It does not own the registration (package iam), the verification (package
// saml), nor what an assertion is good for (package sts).
package samlidp

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/federation/saml"
	"sojourn/internal/seal"
	"sojourn/internal/secret"
	"sojourn/internal/store"
)

// KeyLabel is the label that private keys are sealed under.
const KeyLabel = "saml-private-key"

// Values of AssertionEncryptionMode. Without one, as with Allowed, assertions
// may be encrypted and may be not.
const (
	Required = "Required"
	Allowed  = "Allowed"
)

// ARN is a provider's.
func ARN(account, name string) string { return arn.IAM(account, "saml-provider/"+name) }

// NewKey checks a private key in PEM and seals it for a provider. The error is
// that of saml.ParsePrivateKey.
func NewKey(keys *seal.Keyring, provider store.SAMLProvider, pem secret.String, now time.Time) (store.SAMLPrivateKey, error) {
	if _, err := saml.ParsePrivateKey(pem); err != nil {
		return store.SAMLPrivateKey{}, err
	}
	k := store.SAMLPrivateKey{ID: rand.Text(), Added: now}
	k.Sealed = keys.SealSecret(KeyLabel, SealedFor(provider, k.ID), []byte(pem.Reveal()))
	return k, nil
}

// SealedFor is the id that a key is sealed under: it binds a key to the provider that it was given to.
func SealedFor(p store.SAMLProvider, keyID string) string { return p.ID + "/" + keyID }

// Verifier verifies responses of registered providers. It is safe for
// concurrent use.
type Verifier struct {
	keys     *seal.Keyring
	verifier *saml.Verifier

	mu     sync.Mutex
	opened map[string]opened // by the provider's unique id
}

// Options of a Verifier; all are required.
type Options struct {
	Keys *seal.Keyring
	Now  func() time.Time

	// Origins are the server's own, https://HOST[:PORT]. With Path behind it each
	// is an address for responses and a name of this relying party.
	Origins []string
	Region  string
}

// Path is where a provider is told to send responses, below an origin.
const Path = "/saml"

// New makes a verifier. Beside the server's own addresses it accepts AWS's, so
// that a provider that is set up for AWS needs no change.
func New(o Options) *Verifier {
	recipients := append([]string{"https://" + o.Region + ".signin.aws.amazon.com/saml"}, saml.AWSRecipients...)
	audiences := append([]string{"https://" + o.Region + ".signin.aws.amazon.com/saml"}, saml.AWSAudiences...)
	for _, origin := range o.Origins {
		recipients = append(recipients, origin+Path)
		audiences = append(audiences, origin+Path)
	}
	return &Verifier{keys: o.Keys, opened: map[string]opened{},
		verifier: saml.New(saml.Options{Now: o.Now, Recipients: recipients, Audiences: audiences})}
}

// Verify verifies a response of a provider. Errors are those of the package
// saml, or a fault of the record.
func (v *Verifier) Verify(p store.SAMLProvider, response string) (*saml.Assertion, error) {
	o, err := v.open(p)
	if err != nil {
		return nil, awserr.Internal(fmt.Errorf("SAML provider %q of %s: %w", p.Name, p.Account, err))
	}
	return v.verifier.Verify(saml.Provider{ARN: ARN(p.Account, p.Name), Account: p.Account, Name: p.Name,
		Metadata: o.metadata, PrivateKeys: o.keys, EncryptionRequired: p.EncryptionMode == Required}, response)
}
