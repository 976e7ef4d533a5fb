// Package policy is the IAM policy language: its strict grammar, its compiled
// form, and the decision that a set of policies makes about a request.
//
// Parse turns a document into a *Policy or refuses it with the text that IAM
// gives for MalformedPolicyDocument. What the package does not understand it
// refuses; it is never stored to be guessed at later. Decide is a pure
// function of a Set of policies and a Request: explicit deny first, then the
// resource's own policy (a role's is its trust policy), then identity,
// boundary and session policies, each of which must allow.
//
// The package does not know which policies belong to a caller, which condition
// keys a request has, how long a document of which entity may be, nor how a
// refusal is worded as a whole: those belong to the gate and to IAM's
// operations. It reads no clock and does no I/O. A *Policy is immutable after
// its owner has named and bound it, and safe for concurrent use.
package policy
