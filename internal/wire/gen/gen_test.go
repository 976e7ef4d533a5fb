package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTranslate(t *testing.T) {
	for _, tt := range []struct{ pattern, want string }{
		{`[\w+=,.@-]*`, `[\w+=,.@-]*`},
		{`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, `(\x{002F})|(\x{002F}[\x{0021}-\x{007E}]+\x{002F})`},
		{`[\w+=,.@:\/-]*`, `[\w+=,.@:\/-]*`},
		{`\\u0041`, `\\u0041`}, // an escaped backslash, and then text
		{`[\uE000-\uFFFD\u10000-\u10FFFF]`, `[\x{E000}-\x{FFFD}\x{1000}0-\x{10FF}FF]`},
	} {
		got, err := translate(tt.pattern)
		if err != nil || got != tt.want {
			t.Errorf("%s became %s, %v", tt.pattern, got, err)
		}
		if _, err := regexp.Compile(got); err != nil {
			t.Error(err)
		}
	}
	if got, err := translate(`^[a-z](-(?!-)){1,61}$`); err == nil {
		t.Errorf("a look-ahead became %s", got)
	}
}

// The translation says what the look-ahead in the model says, within the model's length.
func TestTranslateAnAccountAlias(t *testing.T) {
	expr, err := translate(`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`)
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile("^(?:" + expr + ")$")
	for _, text := range words("a0-A.", 5) {
		ends := strings.HasPrefix(text, "-") || strings.HasSuffix(text, "-")
		want := text != "" && !ends && !strings.Contains(text, "--") && !strings.ContainsAny(text, "A.")
		if re.MatchString(text) != want {
			t.Errorf("%q matches: %v, want %v", text, !want, want)
		}
	}
}

// words are all texts over an alphabet of at most n characters.
func words(alphabet string, n int) []string {
	out := []string{""}
	for i := 0; n > 0 && i < len(alphabet); i++ {
		for _, rest := range words(alphabet, n-1) {
			out = append(out, alphabet[i:i+1]+rest)
		}
	}
	return out
}

// small is a model with one operation; the text in the place of EXTRA goes
// among its shapes.
const small = `{
 "metadata": {"apiVersion": "2020-01-01", "protocol": "json", "targetPrefix": "T"},
 "operations": {"GetThing": {"name": "GetThing", "input": {"shape": "In"}, "errors": [{"shape": "ThingNameRequiredException"}, {"shape": "InvalidThingNameException"}]}},
 "shapes": {
  "In": {"type": "structure", "required": ["thingName"], "members": {"thingName": {"shape": "ThingName", "documentation": "secret words"}, "z": {"shape": "Z"}, "a": {"shape": "ThingName"}}},
  "ThingName": {"type": "string", "min": 1, "pattern": "[a-z]+", "documentation": "secret words"},
  "ThingNameRequiredException": {"type": "structure", "members": {}, "exception": true},
  "InvalidThingNameException": {"type": "structure", "members": {}, "exception": true, "fault": true},
  EXTRA
 }
}`

func parse(t *testing.T, extra string) *model {
	t.Helper()
	m := new(model)
	if err := json.Unmarshal([]byte(strings.Replace(small, "EXTRA", extra, 1)), m); err != nil {
		t.Fatal(err)
	}
	return m
}

var things = service{name: "thing", operations: []string{"GetThing"}, required: []string{"GetThing.z"}, memberErrors: true}

func all(t *testing.T, m *model) string {
	t.Helper()
	files, err := generate(m, things)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range []string{"types_gen.go", "shapes_gen.go", "errors_gen.go", "service_gen.go"} {
		b.Write(files[name].Bytes())
	}
	return b.String()
}

func TestGenerate(t *testing.T) {
	const extra = `"Z": {"type": "list", "member": {"shape": "E"}}, "E": {"type": "string", "enum": ["text/csv"]}`
	got := all(t, parse(t, extra))
	for _, want := range []string{
		"type GetThingInput struct {\nThingName *string\nZ []string\nA *string\n}",
		"type GetThingOutput struct {\n}",
		`{Name: "thingName", Label: "thingName", Shape: shapeThingName, Required: true, Missing: ErrThingNameRequired, Invalid: ErrInvalidThingName},`,
		`{Name: "z", Label: "z", Shape: shapeZ, Required: true},`,
		"ETextCsv = \"text/csv\"",
		"func NewInvalidThingName(format string, args ...any) *awserr.Error {\nreturn awserr.New(ErrInvalidThingName, 500, format, args...)\n}",
		"Pattern: &wire.Pattern{Source: `[a-z]+`, Expr: `[a-z]+`}",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret words") {
		t.Error("documentation text got through")
	}
	if again := all(t, parse(t, extra)); again != got {
		t.Error("two runs differ")
	}
}

func TestGenerateREST(t *testing.T) {
	const in = `"z": {"shape": "Z"}`
	text := strings.NewReplacer(`"protocol": "json", "targetPrefix": "T"`, `"protocol": "rest-json"`,
		`{"name": "GetThing",`, `{"name": "GetThing", "http": {"method": "POST", "requestUri": "/things"},`,
		in, `"z": {"shape": "Z", "location": "querystring", "locationName": "zed"}`,
		"EXTRA", `"Z": {"type": "integer"}`).Replace(small)
	m := new(model)
	if err := json.Unmarshal([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	service := things
	service.signing = "the-thing"
	files, err := generate(m, service)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"service_gen.go": `Method: "POST", Path: "/things"`,
		"shapes_gen.go":  `{Name: "zed", Label: "z", Shape: shapeZ, Required: true, InQuery: true},`,
		"types_gen.go":   "package thingwire",
	} {
		if !strings.Contains(files[file].String(), want) {
			t.Errorf("%s lacks %s:\n%s", file, want, files[file])
		}
	}
	if got := files["service_gen.go"].String(); !strings.Contains(got, `Name: "the-thing", Version: "2020-01-01", Protocol: wire.REST,`) {
		t.Errorf("the service is %s", got)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for name, extra := range map[string]string{
		"look-ahead":     `"Z": {"type": "string", "pattern": "a(?!b)"}`,
		"recursion":      `"Z": {"type": "list", "member": {"shape": "Z"}}`,
		"unknown type":   `"Z": {"type": "bignum"}`,
		"no such shape":  `"Z": {"type": "list", "member": {"shape": "Nowhere"}}`,
		"location":       `"Z": {"type": "list", "member": {"shape": "ThingName", "location": "header"}}`,
		"attribute":      `"Z": {"type": "structure", "members": {"x": {"shape": "ThingName", "xmlAttribute": true}}}`,
		"namespace":      `"Z": {"type": "structure", "members": {}, "xmlNamespace": {"uri": "x"}}`,
		"document":       `"Z": {"type": "structure", "members": {}, "document": true}`,
		"time format":    `"Z": {"type": "timestamp", "timestampFormat": "rfc822"}`,
		"number as key":  `"Z": {"type": "map", "key": {"shape": "N"}, "value": {"shape": "N"}}, "N": {"type": "integer"}`,
		"name taken":     `"Z": {"type": "structure", "members": {"x": {"shape": "GetThingOutput"}}}, "GetThingOutput": {"type": "structure", "members": {}}`,
		"format of use":  `"Z": {"type": "list", "member": {"shape": "D", "timestampFormat": "iso8601"}}, "D": {"type": "timestamp"}`,
		"streaming body": `"Z": {"type": "structure", "members": {}, "payload": "x"}`,
	} {
		if _, err := generate(parse(t, extra), things); err == nil {
			t.Errorf("%s is generated", name)
		}
	}
}

func TestWriteLeavesNoStaleFile(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "old_gen.go")
	if err := os.WriteFile(stale, []byte("package x"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := generate(parse(t, `"Z": {"type": "timestamp"}`), things)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(dir, files); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != len(files) {
		t.Errorf("%d files of %v, %v", len(left), maps.Keys(files), err)
	}
}
