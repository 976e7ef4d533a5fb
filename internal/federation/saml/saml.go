package saml

import (
	"crypto/rsa"
	"time"
)

// Recipients and audiences of AWS itself, which identity providers that are set
// up for AWS put into their assertions.
var (
	AWSRecipients = []string{"https://signin.aws.amazon.com/saml", "https://signin.aws.amazon.com/static/saml"}
	AWSAudiences  = []string{"urn:amazon:webservices", "https://signin.aws.amazon.com/saml"}
)

// Options of a Verifier; all are required.
type Options struct {
	Now func() time.Time

	// Recipients are the addresses at which assertions may be delivered, and
	// Audiences the names of this relying party. Nothing is built in.
	Recipients, Audiences []string
}

// Verifier verifies responses. It holds no state and is safe for concurrent use.
type Verifier struct{ o Options }

// New makes a verifier.
func New(o Options) *Verifier { return &Verifier{o} }

// Provider is a registered identity provider, as one verification needs it.
type Provider struct {
	ARN      string // arn:aws:iam::ACCOUNT:saml-provider/NAME
	Account  string
	Name     string
	Metadata *Metadata

	// PrivateKeys decrypt assertions. EncryptionRequired refuses those that are
	// not encrypted (AssertionEncryptionMode Required).
	PrivateKeys        []*rsa.PrivateKey
	EncryptionRequired bool
}

// Verify checks a base64 SAMLResponse (the POST binding's) of at most 100,000
// characters against the provider. Errors are *awserr.Error with the codes and
// fixed texts of AssumeRoleWithSAML; their cause is a *Refusal.
func (v *Verifier) Verify(p Provider, response string) (*Assertion, error) {
	raw, err := decodeEnvelope(response)
	if err != nil {
		return nil, malformed(err)
	}
	doc, err := parseResponse(raw)
	if err != nil {
		return nil, malformed(err)
	}
	e := evidence{provider: p, now: v.o.Now(), ids: doc.ids}
	if err := e.establish(doc); err != nil {
		return nil, unsigned(err)
	}
	a := &Assertion{Provider: p.ARN, account: p.Account, name: p.Name}
	if err := v.judge(e, a); err != nil {
		return nil, err
	}
	if err := a.readAttributes(e.assertion); err != nil {
		return nil, err
	}
	return a, nil
}
