package lint

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sojourn/internal/policy"
)

// FuzzCheck puts any text to every kind: nothing panics, places lie within the
// text in lines and characters that agree, and what IAM refuses has an error.
func FuzzCheck(f *testing.F) {
	for _, tt := range cases {
		for _, text := range slices.Concat(tt.has, tt.lack) {
			f.Add(uint8(tt.kind), text)
		}
	}
	f.Add(uint8(0), "{\n\"é\xff")
	f.Add(uint8(1), "{\r\n \"Statement\": [{\"Principal\": {\"AWS\": [\"*\"\n, 1]}}]}")
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		k := policy.Kind(kind % 5)
		findings := Check(k, text)
		lines := strings.Split(text, "\n")
		for _, g := range findings {
			if g.Start.Offset < 0 || g.End.Offset < g.Start.Offset || utf8.ValidString(text) && g.End.Offset > utf8.RuneCountInString(text) || g.Message == "" || g.Type == "" {
				t.Fatalf("%q: %+v", text, g)
			}
			for _, p := range []Position{g.Start, g.End} {
				if p.Line < 1 || p.Line > len(lines) || p.Column < 0 || utf8.ValidString(text) && p.Column > utf8.RuneCountInString(lines[p.Line-1]) {
					t.Fatalf("%q: %+v lies outside", text, p)
				}
			}
		}
		if _, err := policy.Parse(k, text); err != nil && len(findings) < maxFindings &&
			!slices.ContainsFunc(findings, func(g Finding) bool { return g.Type == Error }) {
			t.Fatalf("%q: no finding says %v", text, err)
		}
		Guess(text)
	})
}
