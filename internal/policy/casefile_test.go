package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// field is one "name: value" of a case file; where is its file:line.
type field struct{ name, value, where string }

// block is what stands between two empty lines of a case file; its first field
// is "case", with the title, or "defaults", with what the cases below share.
type block []field

// readBlocks splits a case file. A line that begins with a space continues the
// field above it, one that begins with # is a comment.
func readBlocks(name, text string) (blocks []block, err error) {
	var b block
	for i, line := range strings.Split(text+"\n", "\n") {
		where := fmt.Sprintf("%s:%d", name, i+1)
		switch {
		case strings.TrimSpace(line) == "":
			if len(b) > 0 {
				blocks = append(blocks, b)
			}
			b = nil
		case line[0] == '#':
		case line[0] == ' ':
			if len(b) == 0 {
				return nil, fmt.Errorf("%s: nothing to continue", where)
			}
			b[len(b)-1].value += "\n" + strings.TrimSpace(line)
		default:
			key, value, ok := strings.Cut(line, ":")
			if !ok || (len(b) == 0) != (key == "case" || key == "defaults") {
				return nil, fmt.Errorf("%s: a block begins with case: or defaults:, and has name: value on every line", where)
			}
			b = append(b, field{key, strings.TrimSpace(value), where})
		}
	}
	return blocks, nil
}

// readCases reads every file of a directory under testdata and calls use with
// each case: the fields of the defaults above it that it does not have itself,
// then its own.
func readCases(t *testing.T, dir string, names []string, use func(title string, b block)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.cases"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files in %q: %v", dir, err)
	}
	titles := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := joinCases(file, string(text), names, titles)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range cases {
			use(b[0].value, b)
		}
	}
}

// joinCases is the cases of one file, each with its defaults. titles has the
// places of those that were seen before.
func joinCases(file, text string, names []string, titles map[string]string) (cases []block, err error) {
	blocks, err := readBlocks(file, text)
	if err != nil {
		return nil, err
	}
	var defaults block
	for _, b := range blocks {
		for _, f := range b[1:] {
			if !slices.Contains(names, f.name) {
				return nil, fmt.Errorf("%s: unknown field %q", f.where, f.name)
			}
		}
		if b[0].name == "defaults" {
			defaults = b[1:]
			continue
		}
		title := b[0].value
		if old, ok := titles[title]; ok || title == "" {
			return nil, fmt.Errorf("%s: a case needs a title of its own (%q is at %q)", b[0].where, title, old)
		}
		titles[title] = b[0].where
		cases = append(cases, append(b, slices.DeleteFunc(slices.Clone(defaults), func(f field) bool { return b.has(f.name) })...))
	}
	return cases, nil
}

func (b block) all(name string) (fields []field) {
	for _, f := range b {
		if f.name == name {
			fields = append(fields, f)
		}
	}
	return fields
}

func (b block) has(name string) bool { return len(b.all(name)) > 0 }

// one returns the value of a field that may be there once, or "".
func (b block) one(t *testing.T, name string) string {
	t.Helper()
	fields := b.all(name)
	if len(fields) > 1 {
		t.Fatalf("%s: %q is there twice", fields[1].where, name)
	}
	if len(fields) == 0 {
		return ""
	}
	return fields[0].value
}

// words reads the short form of statements and contexts, word by word.
type words []string

// splitWords cuts at spaces and around commas; what stands in double quotes is
// one word, written as in JSON.
func splitWords(s string) (w words, err error) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		n := strings.IndexAny(s, " \n,")
		switch {
		case s[0] == ',':
			n = 1
		case s[0] == '"':
			var word string
			d := json.NewDecoder(strings.NewReader(s))
			if err := d.Decode(&word); err != nil {
				return nil, fmt.Errorf("quoted word: %w", err)
			}
			w, s = append(w, "\x00"+word), s[d.InputOffset():]
			continue
		case n < 0:
			n = len(s)
		}
		w, s = append(w, s[:n]), s[n:]
	}
	return w, nil
}

// take removes the next word if it is that one.
func (w *words) take(word string) bool {
	if len(*w) == 0 || (*w)[0] != word {
		return false
	}
	*w = (*w)[1:]
	return true
}

// next removes and returns the next word; a quoted one comes without quotes.
func (w *words) next() string {
	if len(*w) == 0 {
		return ""
	}
	word := (*w)[0]
	*w = (*w)[1:]
	return strings.TrimPrefix(word, "\x00")
}

// list reads words with commas between them. "[]" is no word at all.
func (w *words) list() []string {
	if w.take("[]") {
		return []string{}
	}
	l := []string{w.next()}
	for w.take(",") {
		l = append(l, w.next())
	}
	return l
}

// shortStatement reads
//
//	allow|deny [not] ACTION, … [[not] on RESOURCE, …] [[not] by KIND=NAME, …] [when OPERATOR KEY = VALUE, … [and …]] [sid ID]
func shortStatement(text string) (stmt, error) {
	w, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	s := stmt{}
	switch w.next() {
	case "allow":
		s["Effect"] = "Allow"
	case "deny":
		s["Effect"] = "Deny"
	default:
		return nil, fmt.Errorf("a statement begins with allow or deny: %q", text)
	}
	s[w.element("Action")] = w.list()
	for len(w) > 0 {
		negated := w.take("not")
		switch {
		case w.take("on"):
			s[not(negated, "Resource")] = w.list()
		case w.take("by"):
			s[not(negated, "Principal")] = principalsOf(w.list())
		case !negated && w.take("when"):
			if s, err = w.conditions(s); err != nil {
				return nil, fmt.Errorf("%w in %q", err, text)
			}
		case !negated && w.take("sid"):
			s = s.sid(w.next())
		default:
			return nil, fmt.Errorf("unexpected %q in %q", w.next(), text)
		}
	}
	return s, nil
}

func not(negated bool, element string) string {
	if negated {
		return "Not" + element
	}
	return element
}

func (w *words) element(name string) string { return not(w.take("not"), name) }

// principalsOf groups KIND=NAME by kind; a lone "*" is everyone.
func principalsOf(names []string) any {
	if len(names) == 1 && names[0] == "*" {
		return "*"
	}
	p := map[string][]string{}
	for _, n := range names {
		kind, name, _ := strings.Cut(n, "=")
		p[kind] = append(p[kind], name)
	}
	return p
}

func (w *words) conditions(s stmt) (stmt, error) {
	for {
		operator, key := w.next(), w.next()
		if !w.take("=") {
			return nil, fmt.Errorf("no = after %q", key)
		}
		var values []any
		for _, v := range w.list() {
			values = append(values, v)
		}
		s = s.when(operator, key, values...)
		if !w.take("and") {
			return s, nil
		}
	}
}

// contextOf reads the context fields: KEY = VALUE, …; "[]" is a key without values.
func contextOf(t *testing.T, fields []field) Context {
	t.Helper()
	c := Context{}
	for _, f := range fields {
		if f.value == "none" {
			continue
		}
		w, err := splitWords(f.value)
		key := strings.ToLower(w.next())
		if err != nil || !w.take("=") || c[key] != nil {
			t.Fatalf("%s: a context is KEY = VALUE, … with each key once", f.where)
		}
		c[key] = w.list()
		if len(w) > 0 {
			t.Fatalf("%s: unexpected %q", f.where, w.next())
		}
	}
	return c
}

// documentOf is a policy's text: JSON as it stands, a JSON statement, or the short form.
func documentOf(t *testing.T, f field, version string) string {
	t.Helper()
	if strings.HasPrefix(f.value, "{") && strings.Contains(f.value, `"Statement"`) {
		return f.value
	}
	s := stmt{}
	var err error
	if strings.HasPrefix(f.value, "{") {
		err = json.Unmarshal([]byte(f.value), &s)
	} else {
		s, err = shortStatement(f.value)
	}
	if err != nil {
		t.Fatalf("%s: %v", f.where, err)
	}
	return written(version, maps.Clone(s))
}

// A case that is not read as it was meant must not pass for one that holds.
func TestCaseFilesAreReadStrictly(t *testing.T) {
	names := []string{"when", "expect"}
	for _, tt := range []struct{ name, text, want string }{
		{"no title", "case:\nexpect: allow\n", "f:1: a case needs a title of its own"},
		{"title twice", "case: a\nexpect: x\n\ncase: a\nexpect: x\n", "f:4: a case needs a title of its own"},
		{"unknown field", "case: a\nexepct: x\n", `f:2: unknown field "exepct"`},
		{"unknown field of defaults", "# note\ndefaults: d\nfoo: x\n", `f:3: unknown field "foo"`},
		{"no block", "expect: x\n", "f:1: a block begins with"},
		{"no empty line", "case: a\nexpect: x\ncase: b\nexpect: x\n", "f:3: a block begins with"},
		{"no colon", "case: a\nexpect\n", "f:2: a block begins with"},
		{"nothing to continue", "\n  x\n", "f:2: nothing to continue"},
	} {
		if _, err := joinCases("f", tt.text, names, map[string]string{}); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, text := range []string{"permit a:b on *", "allow a:b at *", "allow a:b on * when Bool x true", "allow a:b on * not when Bool x = true", `allow "a on *`, "allow a:b on * *"} {
		if s, err := shortStatement(text); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
}
