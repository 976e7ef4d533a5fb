package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The generated code's own names.
const (
	variable = "mutant__" // the number of the mutant that is awake
	chooser  = "MUTANT"   // the environment's variable that says it
)

// overlay writes the package with all its mutants into dir and returns the
// file that tells "go test -overlay" of it.
func (p *pack) overlay(dir string) (string, error) {
	files := map[string]string{}
	write := func(name, text string) error {
		path := filepath.Join(dir, name)
		files[filepath.Join(p.dir, name)] = path
		return os.WriteFile(path, []byte(text), 0o600)
	}
	for _, f := range p.finders {
		if err := write(filepath.Base(f.name), f.render()); err != nil {
			return "", err
		}
	}
	text := fmt.Sprintf("package %s\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar %s = func() int { n, _ := strconv.Atoi(os.Getenv(%q)); return n }()\n",
		p.types.Name(), variable, chooser)
	if err := write("zz_mutant.go", text); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// render is the file with every site in a choice of its mutants. Inside of a
// mutant there is no other: one is awake at a time.
func (f *finder) render() string {
	sites := slices.Clone(f.sites)
	slices.SortStableFunc(sites, func(a, b *site) int {
		switch {
		case a.start != b.start:
			return a.start - b.start
		case a.end != b.end:
			return b.end - a.end
		}
		return strings.Compare(a.typ, b.typ) // a statement is around its expression
	})
	var out strings.Builder
	rest := f.renderRange(&out, 0, len(f.text), sites)
	if len(rest) > 0 {
		panic("sites that overlap")
	}
	return out.String()
}

// renderRange writes text from start to end and returns the sites beyond.
func (f *finder) renderRange(out *strings.Builder, start, end int, sites []*site) []*site {
	for len(sites) > 0 && sites[0].start < end {
		s := sites[0]
		out.WriteString(f.text[start:s.start])
		var inner strings.Builder
		sites = f.renderRange(&inner, s.start, s.end, sites[1:])
		s.write(out, inner.String())
		start = s.end
	}
	out.WriteString(f.text[start:end])
	return sites
}

func (s *site) write(out *strings.Builder, inner string) {
	if s.typ == "" {
		for _, m := range s.mutants { // no switch, which would take the inner breaks
			fmt.Fprintf(out, "if %s == %d {\n%s\n} else ", variable, m.id, m.text)
		}
		fmt.Fprintf(out, "{\n%s\n}", inner)
		return
	}
	fmt.Fprintf(out, "(func() %s {\nswitch %s {\n", s.typ, variable)
	for _, m := range s.mutants {
		fmt.Fprintf(out, "case %d:\nreturn %s\n", m.id, m.text)
	}
	fmt.Fprintf(out, "}\nreturn %s\n}())", inner)
}
