// Package lint finds what is wrong in a policy, and what IAM's grammar accepts
// but its author can hardly have meant: roles that anybody can assume,
// statements that can never apply, names that do not exist.
//
// Findings have the types and, where AWS's IAM Access Analyzer knows the same
// one, the issue codes of its ValidatePolicy. Each code is explained in
// docs/operations/policy-findings.md. The package decides nothing: what a
// policy allows is package policy's, whether it is stored is IAM's. It is pure,
// as its parent is, and looks at one document alone.
package lint

import (
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/policy"
)

// FindingType is how much a finding weighs.
type FindingType string

// The types, from the heaviest.
const (
	Error           FindingType = "ERROR"            // IAM refuses the policy, or part of it can never work
	SecurityWarning FindingType = "SECURITY_WARNING" // it lets in more than a policy should
	Warning         FindingType = "WARNING"          // it does other than it seems to
	Suggestion      FindingType = "SUGGESTION"       // it could be said better
)

// maxFindings bounds the findings of one document; who mends 200 asks again.
const maxFindings = 200

// Finding is one thing to mend.
type Finding struct {
	Type    FindingType
	Code    string // "MISSING_VERSION"; a key of Codes
	Message string // for people; quotes parts of the document
	Path    []Step // from the document's root to the place
	Start   Position
	End     Position // just behind the last character
}

// Step is one step of a path: into an array by Index, or into an object by Name.
type Step struct {
	Name    string
	Index   int
	IsIndex bool
	IsKey   bool // the place is the member's name, not its value
}

// Position is a place between two characters of a document.
type Position struct {
	Line   int `json:"line"`   // from 1
	Column int `json:"column"` // characters of this line before it
	Offset int `json:"offset"` // characters of the document before it
}

// Check returns the findings of a document in order of their places. A document
// that IAM would refuse as a policy of this kind has at least one Error.
func Check(kind policy.Kind, text string) []Finding {
	l := &linter{kind: kind, text: text}
	root, err := policy.ReadJSON(text)
	if err != nil {
		l.syntax(err)
		return l.result()
	}
	l.grammar(root)
	if !root.IsObject() {
		return l.result()
	}
	d := readDocument(root)
	l.version(d)
	l.sids(d)
	for i := range d.statements {
		l.statement(d, &d.statements[i])
	}
	l.redundantStatements(d)
	return l.result()
}

func (l *linter) statement(d *document, s *statement) {
	l.actions(s)
	l.grants(s)
	l.resources(s)
	l.conditions(s)
	l.references(d, s)
	l.variables(d, s)
	l.principals(s)
	l.redundant(s)
}

// Guess is the kind of policy that a document looks like: one that names
// principals is a role's trust policy when it speaks of no resource.
func Guess(text string) policy.Kind {
	root, err := policy.ReadJSON(text)
	if err != nil {
		return policy.Identity
	}
	kind := policy.Identity
	for _, s := range readDocument(root).statements {
		switch {
		case s.has("Principal", "NotPrincipal") && s.has("Resource", "NotResource"):
			return policy.Resource
		case s.has("Principal", "NotPrincipal"):
			kind = policy.Trust
		}
	}
	return kind
}

type linter struct {
	kind  policy.Kind
	text  string
	found []found
}

// found is a finding whose place is still in bytes.
type found struct {
	Finding
	at place
}

// place is where in the document something stands, in bytes.
type place struct {
	path       []Step
	start, end int
}

func (l *linter) full() bool { return len(l.found) == maxFindings }

// add notes a finding.
func (l *linter) add(code string, at place, format string, args ...any) {
	if l.full() {
		return
	}
	l.found = append(l.found, found{Finding{Type: Codes[code], Code: code, Message: fmt.Sprintf(format, args...), Path: at.path}, at})
}

// result gives the findings their positions.
func (l *linter) result() []Finding {
	slices.SortStableFunc(l.found, func(a, b found) int { return a.at.start - b.at.start })
	p := positions(l.text)
	out := make([]Finding, 0, len(l.found))
	for _, f := range l.found {
		f.Start, f.End = p.at(f.at.start), p.at(f.at.end)
		out = append(out, f.Finding)
	}
	return out
}

// positionIndex holds, for each byte of a text, the characters before it, and
// where its lines begin.
type positionIndex struct {
	characters []int32
	lines      []int
}

func positions(text string) positionIndex {
	p := positionIndex{characters: make([]int32, len(text)+1), lines: []int{0}}
	n := int32(-1)
	for i := range len(text) {
		if text[i]&0xc0 != 0x80 { // the first byte of a character
			n++
		}
		p.characters[i] = max(n, 0)
		if text[i] == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	p.characters[len(text)] = n + 1
	return p
}

func (p positionIndex) at(offset int) Position {
	line, found := slices.BinarySearch(p.lines, offset)
	if found {
		line++
	}
	chars := int(p.characters[offset])
	return Position{Line: line, Column: chars - int(p.characters[p.lines[line-1]]), Offset: chars}
}

// quoted shows a word of the document, shortened, in one line.
func quoted(s string) string {
	const limit = 120
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
