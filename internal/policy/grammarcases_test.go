package policy

import (
	"strings"
	"testing"
)

var grammarFields = strings.Fields("parse document statement expect")

// The cases under testdata/grammar are documents with IAM's answer to each.
func TestGrammarCases(t *testing.T) {
	n := 0
	readCases(t, "grammar", grammarFields, func(title string, b block) {
		n++
		t.Run(title, func(t *testing.T) { runGrammarCase(t, b) })
	})
	if n < 60 {
		t.Errorf("%d cases", n)
	}
}

func runGrammarCase(t *testing.T, b block) {
	text := b.one(t, "document")
	if s := b.one(t, "statement"); s != "" {
		text = doc(s)
	}
	_, err := parseAs(t, b.one(t, "parse"), text)
	got, want := "accept", b.one(t, "expect")
	if err != nil {
		got = err.Error()
	}
	if text == "" || got != want {
		t.Errorf("%s: %s\n%q, want %q", b[0].where, text, got, want)
	}
}

func parseAs(t *testing.T, kind, text string) (*Policy, error) {
	switch kind {
	case "managed":
		return ParseManaged(text)
	case "identity":
		return Parse(Identity, text)
	case "session":
		return Parse(Session, text)
	case "boundary":
		return Parse(Boundary, text)
	case "resource":
		return Parse(Resource, text)
	case "trust":
		return Parse(Trust, text)
	}
	t.Fatalf("unknown kind of policy %q", kind)
	return nil, nil
}
