package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

const sample = `package sample

const limit = 3

type point struct{ x, y int }

var names = map[string]bool{"a": true, "b": false}

var wake chan int

func decide(n int, ok bool) bool {
	for i := 0; i < n; i++ {
		if ok && n > limit {
			break
		}
	}
	select {
	case <-wake:
		return false
	default:
	}
	switch n {
	case 1, 2:
		ok = !ok
	}
	switch {
	case n == 7:
		return false
	}
	p := point{x: n}
	return min(p.x, limit) <= n || names["a"]
}
`

func read(t *testing.T, text string) *pack {
	t.Helper()
	p := &pack{path: "sample", fset: token.NewFileSet(), info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	file, err := parser.ParseFile(p.fset, "sample.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if p.types, err = (&types.Config{Importer: importer.Default()}).Check("sample", p.fset, []*ast.File{file}, p.info); err != nil {
		t.Fatal(err)
	}
	f := &finder{pkg: p, file: file, name: "sample.go", text: text, where: map[ast.Node]*site{}}
	p.finders = []*finder{f}
	f.find()
	return p
}

func TestMutantsOfASample(t *testing.T) {
	p := read(t, sample)
	var got []string
	for _, m := range p.number() {
		got = append(got, strings.TrimPrefix(m.name(), "sample.go "))
	}
	for _, want := range []string{
		`init: "a": true -> (nothing)`,
		`init: true -> false`,
		`decide: 0 -> (0 + 1)`,
		`decide: i < n -> i <= n`,
		`decide: i < n -> false`,
		`decide: ok && n > limit -> ok || n > limit`,
		`decide: ok && n > limit -> false`,
		`decide: ok && n > limit -> !(ok && n > limit)`,
		`decide: n > limit -> n >= limit`,
		`decide: break -> (nothing)`,
		`decide: case 1, 2 -> (nothing)`,
		`decide: ok = !ok -> (nothing)`,
		`decide: n == 7 -> false`,
		`decide: x: n -> (nothing)`,
		`decide: min(p.x, limit) -> max(p.x, limit)`,
		`decide: min(p.x, limit) <= n -> min(p.x, limit) < n`,
		`decide: min(p.x, limit) <= n || names["a"] -> min(p.x, limit) <= n && names["a"]`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no mutant %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "limit -> 3") || strings.HasPrefix(s, "init: 3") }) {
		t.Error("a constant is changed")
	}
}

// What is built must be Go, with every mutant in it.
func TestRenderedMutantsCompile(t *testing.T) {
	p := read(t, sample)
	all := p.number()
	text := p.finders[0].render() + "\nvar " + variable + " int\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "rendered.go", text, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if _, err := (&types.Config{}).Check("sample", fset, []*ast.File{file}, nil); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if n := strings.Count(text, "case ") + strings.Count(text, "if "+variable); n < len(all) {
		t.Errorf("%d places for %d mutants", n, len(all))
	}
}

func TestReasonsOfEquivalentMutants(t *testing.T) {
	got, err := reasons([]byte("# note\n\na b: c -> d\n  because\n  so\n"))
	if err != nil || got["a b: c -> d"] != "because so" {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"  why\n", "a b: c -> d\n", "a\nb\n  why\n"} {
		if _, err := reasons([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSlowTestsComeLast(t *testing.T) {
	if got := slowest(map[string]float64{"a": 0.1, "b": 5, "c": 1, "d": 3}); !slices.Equal(got, []string{"b", "d"}) {
		t.Errorf("%q", got)
	}
}

func TestOnlyTestsKill(t *testing.T) {
	for file, want := range map[string]string{"/bin/false": "killed", "/bin/true": "alive", "/bin/none": "error"} {
		killed, err := (&runner{binary: file, dir: t.TempDir(), seconds: 5}).kills(&mutant{id: 1})
		got := map[bool]string{true: "killed", false: "alive"}[killed]
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %s, %v, want %s", file, got, err, want)
		}
	}
}
