package gate

import (
	"strings"
	"testing"

	"sojourn/internal/awserr"
)

// What a stored policy that no longer parses denies is not known, so its owner
// may nothing, whatever else allows.
func TestUnreadablePolicyRefuses(t *testing.T) {
	for _, text := range []string{`{"Version":`, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Nope":{"a":"b"}}}}`} {
		g, _, _ := fixture(t, statement("Allow", "*", "*", ""), text)
		err := g.Authorize(t.Context(), maria(), pull())
		if err == nil || awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("%s: %v, want a fault of ours", text, err)
		}
		if strings.Contains(awserr.From(err).Message, "Version") {
			t.Errorf("%s: the answer tells the text: %v", text, err)
		}
		if err := g.Authorize(t.Context(), reader(), pull()); err == nil {
			t.Errorf("%s: the role may", text)
		}
	}
}
