// Package saml verifies the SAML 2.0 responses of registered identity providers,
// as AssumeRoleWithSAML takes them, and turns the one assertion in them into a
// subject, roles, condition keys, session tags and a source identity.
//
// A response passes stages, each of which sees only what the one before has let
// through: its envelope, its characters and names, its grammar, the shape of its
// signatures, the key, the encryption, the rules that need the clock and the
// provider, and its attributes. What is read in the end is parsed anew from the
// bytes that a signature of the provider covers; the document that came in only
// serves to find them. The grammar is closed: what it does not name is refused,
// however harmless. docs/adr/0006 says why, and what was measured.
//
// It owns the response, the provider's metadata, and the decryption. It does not
// own the registered providers (package store), whether an assertion was used
// before (it says under which key to remember it), nor what a role permits (trust
// policies, package sts). It fetches nothing.
package saml
