package saml

import (
	"fmt"
	"net/http"

	"sojourn/internal/awserr"
)

// Stage is the part of the verification that refuses.
type Stage string

// The stages, in their order. Metadata is for documents that register a provider.
const (
	StageEnvelope   Stage = "envelope"
	StageLexical    Stage = "lexical"
	StageGrammar    Stage = "grammar"
	StageSignature  Stage = "signature"
	StageKey        Stage = "key"
	StageEncryption Stage = "encryption"
	StagePolicy     Stage = "policy"
	StageAttributes Stage = "attributes"
	StageMetadata   Stage = "metadata"
)

// Refusal is the reason for the record; it is the cause of the *awserr.Error
// that goes to the caller, and never sent. It holds names and numbers of the
// document, but no values of attributes.
type Refusal struct {
	Stage  Stage
	Reason string
}

func (r *Refusal) Error() string { return string(r.Stage) + ": " + r.Reason }

func refuse(stage Stage, format string, args ...any) *Refusal {
	return &Refusal{Stage: stage, Reason: fmt.Sprintf(format, args...)}
}

// invalid is InvalidIdentityToken with a fixed text.
func invalid(text string, cause error) error {
	return &awserr.Error{Code: "InvalidIdentityToken", Status: http.StatusBadRequest, Message: text, Cause: cause}
}

// expired is for a genuine assertion that comes too late.
func expired(text string, cause error) error {
	return &awserr.Error{Code: "ExpiredTokenException", Status: http.StatusBadRequest, Message: text, Cause: cause}
}

// rejected is for what a provider says that cannot be accepted.
func rejected(text string, cause error) error {
	return &awserr.Error{Code: "IDPRejectedClaim", Status: http.StatusForbidden, Message: text, Cause: cause}
}

// malformed is what a text that is no acceptable response gets, whatever is
// wrong with it.
func malformed(cause error) error { return invalid("Invalid base64 SAMLResponse", cause) }

// unsigned is what a response without a good signature gets.
func unsigned(cause error) error { return invalid("Response signature invalid", cause) }
