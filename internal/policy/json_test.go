package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseJSONStrings(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`"plain"`, "plain"},
		{`""`, ""},
		{`"é漢"`, "é漢"},
		{`"a\"\\\/\b\f\n\r\tz"`, "a\"\\/\b\f\n\r\tz"},
		{`"\taa b\u00aA\u0aFf"`, "\taa b\u00aa\u0aff"},
		{`"\u00e9\u6F22\ud83d\ude00"`, "é漢😀"},
		{` "x" `, "x"},
	} {
		n, err := parseJSON(tt.text)
		if err != nil || n.kind != jsonString || n.text != tt.want {
			t.Errorf("parseJSON(%s) = %+v, %v, want %q", tt.text, n, err, tt.want)
		}
	}
}

func TestParseJSONKeepsNumbersAsWritten(t *testing.T) {
	for _, text := range []string{"0", "-0", "10", "1.50", "-1.5e+10", "2E3", "1e-7"} {
		if n, err := parseJSON(text); err != nil || n.kind != jsonNumber || n.text != text {
			t.Errorf("parseJSON(%s) = %+v, %v", text, n, err)
		}
	}
}

func TestParseJSONRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                  "",
		"white space only":         " \n",
		"a word":                   "nul",
		"two values":               "{}{}",
		"trailing text":            "{} x",
		"trailing comma in object": `{"a":1,}`,
		"trailing comma in array":  `[1,]`,
		"duplicate member":         `{"a":1,"a":2}`,
		"duplicate after escapes":  `{"a":1,"\u0061":2}`,
		"duplicate deeper":         `[{"x":{"a":1,"b":2,"a":3}}]`,
		"unquoted name":            `{a:1}`,
		"missing name":             `{:1}`,
		"missing opening quote":    `{xa":1}`,
		"bad escape in a name":     `{"a\x:1}`,
		"missing colon":            `{"a" 1}`,
		"missing comma":            `[1 2]`,
		"open object":              `{"a":1`,
		"open array":               `[1`,
		"open string":              `"abc`,
		"open string with escape":  `"a\nbc`,
		"wrong closing":            `[1}`,
		"raw control character":    "\"a\nb\"",
		"raw control after escape": "\"a\\tb\x01\"",
		"unknown escape":           `"\x41"`,
		"unknown escape, 4 digits": `"\x0041"`,
		"short unicode escape":     `"\u12"`,
		"bad unicode escape":       `"\u12g4"`,
		"escape at the end":        `"\`,
		"lone high surrogate":      `"\ud83d"`,
		"lone low surrogate":       `"\ude00"`,
		"two high surrogates":      `"\ud83d\ud83d"`,
		"high then plain":          `"\ud83d\u0041"`,
		"high then no escape":      `"\ud83d--de00"`,
		"invalid UTF-8":            "\"a\xff\"",
		"byte order mark":          "\ufeff{}",
		"leading zero":             "01",
		"leading plus":             "+1",
		"bare minus":               "-",
		"bare point":               "1.",
		"bare exponent":            "1e",
		"no-break space":           "\u00a0{}",
		"comment":                  "{} // x",
		"single quotes":            `{'a':1}`,
		"too deep":                 strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		"objects too deep":         strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1),
		"too long":                 `"` + strings.Repeat("a", maxDocument) + `"`,
	} {
		if n, err := parseJSON(text); err == nil {
			t.Errorf("%s: parseJSON(%.40q) = %+v, want an error", name, text, n)
		}
	}
}

// Large objects find their members in another way than small ones.
func TestMembersOfLargeObjects(t *testing.T) {
	const members = 40
	object := func(names ...int) string {
		var out []string
		for _, n := range names {
			out = append(out, fmt.Sprintf(`"m%d":%d`, n, n))
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	all := make([]int, members)
	for i := range all {
		all[i] = i
	}
	if n, err := parseJSON(object(all...)); err != nil || len(n.items) != members || n.items[members-1].name != "m39" {
		t.Errorf("%d different members: %v", members, err)
	}
	for i := range members {
		if _, err := parseJSON(object(append(all[:members:members], i)...)); err == nil {
			t.Errorf("member %d may come twice", i)
		}
	}
}

func TestParseJSONAtItsLimits(t *testing.T) {
	deep := strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth)
	long := `"` + strings.Repeat("a", maxDocument-2) + `"`
	deepObjects := strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth)
	for _, text := range []string{deep, deepObjects, long} {
		if _, err := parseJSON(text); err != nil {
			t.Errorf("parseJSON(%.20s…): %v", text, err)
		}
	}
}

// What we accept every other JSON reader accepts too, and reads the same.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,true,null,"x\u00e9\ud83d\ude00"]}`, `[[[[]]]]`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, ` { } `} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseJSON(text)
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("accepted %q, which is not JSON: %v", text, err)
		}
		got, _ := json.Marshal(plainValue(*n))
		wanted, _ := json.Marshal(want)
		if string(got) != string(wanted) {
			t.Fatalf("read %q as %s, want %s", text, got, wanted)
		}
	})
}

func plainValue(n node) any {
	switch n.kind {
	case jsonString:
		return n.text
	case jsonNumber:
		return json.Number(n.text)
	case jsonBool:
		return n.text == "true"
	case jsonArray:
		out := []any{}
		for _, item := range n.items {
			out = append(out, plainValue(item))
		}
		return out
	case jsonObject:
		out := map[string]any{}
		for i := range n.items {
			name := n.items[i].name
			out[name] = plainValue(n.items[i])
		}
		return out
	}
	return nil
}

// Whoever mends a document needs the place.
func TestReadJSONSaysWhere(t *testing.T) {
	for _, tt := range []struct {
		text         string
		line, column int
		reason       string
	}{
		{"{\n  \"a\": 1,\n  \"é\": x\n}", 3, 7, "a value is missing here"},
		{"{\"a\":1,\n}", 2, 0, "a member's name in quotes is missing here"},
		{"{\"a\":1\n \"b\":2}", 2, 1, `"," or "}" is missing here`},
		{"[1\n 2]", 2, 1, `"," or "]" is missing here`},
		{`{"a" 1}`, 1, 5, `":" is missing here`},
		{"{\"a\":1,\n\"a\":2}", 2, 0, "this object has two members of one name"},
		{`{"a":"\x"}`, 1, 8, "an escape in a string is malformed here"},
		{"{\"a\":\"b\n\"}", 1, 7, "a string is not closed, or has a control character"},
		{`{"a":-}`, 1, 6, "a number is malformed here"},
		{`{} {}`, 1, 3, "more text follows the document"},
		{`{"a":"`, 1, 6, "the text ends too early"},
		{``, 1, 0, "the text ends too early"},
		{"{\"\uFFFD\":\"\xff\"}", 1, 6, "the text is not UTF-8"},
		{strings.Repeat("[", maxDepth+1), 1, maxDepth, "arrays and objects are nested more than 16 deep"},
		{strings.Repeat(" ", maxDocument+1), 1, maxDocument, "the document is longer than 128 KiB"},
	} {
		_, err := ReadJSON(tt.text)
		bad, ok := errors.AsType[*SyntaxError](err)
		if !ok {
			t.Errorf("ReadJSON(%.40q): %v", tt.text, err)
			continue
		}
		line, column, _ := Locate(tt.text, bad.Offset)
		if line != tt.line || column != tt.column || bad.Reason != tt.reason {
			t.Errorf("ReadJSON(%.40q): %d:%d %s, want %d:%d %s", tt.text, line, column, bad.Reason, tt.line, tt.column, tt.reason)
		}
	}
}

func TestReadJSONKeepsPlaces(t *testing.T) {
	const text = ` {"a" : [ 1, "x\n" ] ,"b":{ "c":true}}`
	v, err := ReadJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var walk func(Value)
	walk = func(v Value) {
		start, end := v.Span()
		got = append(got, text[start:end])
		for _, item := range v.Items() {
			if start, end := item.NameSpan(); end > 0 {
				got = append(got, text[start:end])
			}
			walk(item)
		}
	}
	walk(v)
	want := []string{text[1:], `"a"`, `[ 1, "x\n" ]`, `1`, `"x\n"`, `"b"`, `{ "c":true}`, `"c"`, `true`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
