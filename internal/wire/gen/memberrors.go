package main

import "slices"

// aliases are the words by which CodeCommit's exceptions call a shape that has
// another name in the model.
var aliases = map[string]string{
	"KmsKeyId":   "EncryptionKey",
	"NextToken":  "ContinuationToken",
	"CommitName": "Commit",
}

// memberErrors finds the operation's own exceptions for a missing and for a
// violating member by the words of its name and shape; "" where there is none.
func (g *generator) memberErrors(op string, name string, r ref) (missing, invalid string) {
	errs := g.errorShapes(op)
	for _, word := range g.words(name, r) {
		if missing == "" {
			missing = oneOf(errs, word+"RequiredException")
		}
		if invalid == "" {
			invalid = oneOf(errs, "Invalid"+word+"Exception", word+"InvalidIdException")
		}
	}
	return missing, invalid
}

// words are the names by which an exception may mean a member, best first.
func (g *generator) words(name string, r ref) []string {
	words := []string{exported(name), exported(r.Shape), constraintName(exported(r.Shape))}
	if s := g.model.Shapes[r.Shape]; s.Type == "list" {
		words = append(words, exported(s.Member.Shape), constraintName(exported(s.Member.Shape)))
	}
	for _, w := range slices.Clone(words) {
		if a, ok := aliases[w]; ok {
			words = append(words, a)
		}
	}
	return words
}

func oneOf(have []string, wanted ...string) string {
	for _, w := range wanted {
		if slices.Contains(have, w) {
			return w
		}
	}
	return ""
}
