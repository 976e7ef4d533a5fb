package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"
)

const text = "hunter2"

// What fmt does with every verb, also below other types and in fields that it
// may not call methods on, shows nothing.
func TestNothingPrintsIt(t *testing.T) {
	s := New(text)
	type open struct{ S String }
	type closed struct{ s String }
	values := []any{s, &s, open{s}, &open{s}, closed{s}, &closed{s}, []String{s}, []closed{{s}}, map[string]String{"k": s},
		map[string]closed{"k": {s}}, [1]any{s}, errors.New(fmt.Sprint("with ", s)), fmt.Errorf("with %v: %w", s, errors.New("x"))}
	var out strings.Builder
	for _, v := range values {
		for _, verb := range "vsqxXdbcoOeEfFgGUtpT" {
			for _, flag := range []string{"", "+", "#", "20", "-20.3", " "} {
				fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", v)
			}
		}
		data, _ := json.Marshal(v)
		out.Write(data)
		for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(h).Info("m", "v", v, slog.Group("g", "v", v))
		}
		template.Must(template.New("").Parse("{{.}} {{printf `%s` .}}")).Execute(&out, v)
	}
	lower := strings.ToLower(out.String())
	for _, leak := range []string{text, "68756e746572", "68 75 6e", "104 117", "0x68, 0x75", "1101000 1110101", "unter"} {
		if strings.Contains(lower, leak) {
			at := strings.Index(lower, leak)
			t.Errorf("%q is shown: …%s…", leak, lower[max(0, at-60):min(len(lower), at+60)])
		}
	}
	if got := fmt.Sprintf("%v %+v %#v %s %d %x", s, s, s, s, s, s); got != strings.Repeat("**redacted** ", 5)+"**redacted**" {
		t.Errorf("printed %q", got)
	}
	if data, err := json.Marshal(open{s}); err != nil || string(data) != `{"S":"**redacted**"}` {
		t.Errorf("JSON %s, %v", data, err)
	}
}

func TestReveal(t *testing.T) {
	if s := New(text); s.Reveal() != text || s.Empty() {
		t.Errorf("revealed %q", s.Reveal())
	}
	for _, s := range []String{{}, New("")} {
		if s.Reveal() != "" || !s.Empty() {
			t.Errorf("the empty secret reveals %q", s.Reveal())
		}
	}
}
