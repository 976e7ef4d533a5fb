// Package wire turns the bytes of the two AWS protocols that Sojourn speaks
// (AWS query with XML answers, AWS JSON 1.1) into Go values and back, and checks
// input against the published API models. The shapes themselves are generated
// into the packages stswire, iamwire and codecommitwire by wire/gen.
//
// It owns names, types, bounds and the wording of constraint failures. It does
// not own HTTP, authentication, or any rule that the models do not state (such
// as that a repository name may not end in ".git"): those belong to the doors
// and to the domain.
package wire
