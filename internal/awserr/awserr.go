// Package awserr is the one taxonomy of errors that reach a caller, and the
// one mapping from it to the two wire forms (AWS query and AWS JSON). An error
// that is not an *Error goes out as InternalFailure without its text.
package awserr

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is an answer in AWS's terms. Code is the name that the query protocol
// uses (for CodeCommit, whose names exist in JSON only, the model's exception name).
type Error struct {
	Code    string
	Message string
	Status  int   // HTTP status in the query protocol and of a model's own exceptions
	Cause   error // for the log only, never sent
	// Encoded is the encoded authorization message of a refusal, for
	// sts:DecodeAuthorizationMessage; "" where there is none.
	Encoded string
	// Wait is how long it takes until the request may be made again; 0 where that
	// is not known. Answers say it as Retry-After.
	Wait time.Duration
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Message + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// New makes an error with the status that AWS gives its code.
func New(code string, status int, format string, args ...any) *Error {
	return &Error{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}

// Codes that both protocols share. The wording is AWS's.
const (
	AccessDenied          = "AccessDenied"
	ExpiredToken          = "ExpiredToken"
	IncompleteSignature   = "IncompleteSignature"
	InternalFailure       = "InternalFailure"
	InvalidAction         = "InvalidAction"
	InvalidClientTokenID  = "InvalidClientTokenId"
	MissingAuthentication = "MissingAuthenticationToken"
	ServiceUnavailable    = "ServiceUnavailable"
	SignatureDoesNotMatch = "SignatureDoesNotMatch"
	Throttling            = "Throttling"
	ValidationError       = "ValidationError"
)

// Denied is a 403 AccessDenied.
func Denied(format string, args ...any) *Error {
	return New(AccessDenied, http.StatusForbidden, format, args...)
}

// Validation is a 400 ValidationError.
func Validation(format string, args ...any) *Error {
	return New(ValidationError, http.StatusBadRequest, format, args...)
}

// InvalidToken is what an unknown or damaged credential gets; it does not say which.
func InvalidToken() *Error {
	return New(InvalidClientTokenID, http.StatusForbidden, "The security token included in the request is invalid.")
}

// Expired is what a session past its end gets.
func Expired() *Error {
	return New(ExpiredToken, http.StatusForbidden, "The security token included in the request is expired")
}

// Mismatch is what a wrong signature gets.
func Mismatch() *Error {
	return New(SignatureDoesNotMatch, http.StatusForbidden, "The request signature we calculated does not match the signature you provided. "+
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

// TooSoon is Throttling: the request may be made again behind wait.
func TooSoon(wait time.Duration, reason string) *Error {
	e := New(Throttling, http.StatusBadRequest, "")
	e.Wait = wait
	e.Message = fmt.Sprintf("Rate exceeded: %s. Try again in %d seconds.", reason, e.RetryAfter())
	return e
}

// RetryAfter is Wait in whole seconds, rounded up.
func (e *Error) RetryAfter() int { return int((e.Wait + time.Second - 1) / time.Second) }

// retryUnavailable is when a client whose request met an absent store should come back.
const retryUnavailable = time.Second

// Internal wraps a fault of ours; only the cause's place in the log tells what it
// was. A fault of what the server stands on, which has a method Unavailable, is
// ServiceUnavailable, with what its method Advice says where it has one.
func Internal(cause error) *Error {
	if _, ok := errors.AsType[interface {
		error
		Unavailable() bool
	}](cause); ok {
		e := &Error{Code: ServiceUnavailable, Status: http.StatusServiceUnavailable, Wait: retryUnavailable, Cause: cause,
			Message: "The service cannot reach its data for the moment. Try again."}
		if told, ok := errors.AsType[interface {
			error
			Advice() string
		}](cause); ok {
			e.Message = told.Advice()
		}
		return e
	}
	return &Error{Code: InternalFailure, Status: http.StatusInternalServerError,
		Message: "The request processing has failed because of an unknown error, exception or failure.", Cause: cause}
}

// From returns err as an *Error, anything unknown as Internal.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Internal(err)
}

// Is reports whether err carries code.
func Is(err error, code string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// jsonNames are the shared codes as JSON services spell them, all with status 400
// but for the faults of the server.
var jsonNames = map[string]struct {
	name   string
	status int
}{
	AccessDenied:          {"AccessDeniedException", 400},
	ExpiredToken:          {"ExpiredTokenException", 400},
	IncompleteSignature:   {"IncompleteSignatureException", 400},
	InternalFailure:       {"InternalFailure", 500},
	InvalidAction:         {"UnknownOperationException", 400},
	InvalidClientTokenID:  {"UnrecognizedClientException", 400},
	MissingAuthentication: {"MissingAuthenticationTokenException", 400},
	ServiceUnavailable:    {"ServiceUnavailableException", 503},
	SignatureDoesNotMatch: {"InvalidSignatureException", 400},
	Throttling:            {"ThrottlingException", 400},
	ValidationError:       {"ValidationException", 400},
}

// JSON returns the error's name and status in the JSON protocol.
func (e *Error) JSON() (name string, status int) {
	if j, ok := jsonNames[e.Code]; ok {
		return j.name, j.status
	}
	return e.Code, e.Status
}
