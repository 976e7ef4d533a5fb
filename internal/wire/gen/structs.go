package main

import (
	"fmt"
	"slices"
	"strings"
)

// structure writes the Go struct goName and its descriptor. owner is the
// operation whose input it is, whose errors its members may have.
func (g *generator) structure(goName, name string, s *shape, owner string) error {
	if g.structs[goName] {
		return fmt.Errorf("two structures are called %s", goName)
	}
	g.structs[goName] = true
	if err := s.check(); err != nil {
		return fmt.Errorf("shape %s: %w", name, err)
	}
	var fields, descr strings.Builder
	for _, m := range s.Members.names {
		r := s.Members.refs[m]
		typ, descriptor, err := g.use(r)
		if err != nil {
			return fmt.Errorf("member %s: %w", m, err)
		}
		if g.model.Shapes[r.Shape].Type == "structure" || scalar(typ) {
			typ = "*" + typ
		}
		fmt.Fprintf(&fields, "%s %s\n", exported(m), typ)
		fmt.Fprintf(&descr, "%s,\n", g.member(owner, m, r, descriptor, s))
	}
	fmt.Fprintf(&g.types, "// %s is %s of the API.\ntype %s struct {\n%s}\n\n", goName, describe(goName, owner), goName, fields.String())
	fmt.Fprintf(&g.types, "// WireShape is the struct's descriptor.\nfunc (*%s) WireShape() *wire.Shape { return shape%s }\n\n", goName, goName)
	fmt.Fprintf(&g.shapes, "var shape%s = &wire.Shape{Name: %q, Kind: wire.Structure, Members: []wire.Member{\n%s}}\n\n", goName, name, descr.String())
	return nil
}

func describe(goName, owner string) string {
	switch {
	case owner != "":
		return "the input of " + owner
	case strings.HasSuffix(goName, "Output"):
		return "the output of " + strings.TrimSuffix(goName, "Output")
	}
	return "a structure"
}

// member is the descriptor of one member.
func (g *generator) member(owner, name string, r ref, descriptor string, s *shape) string {
	wireName := name
	if r.LocationName != "" {
		wireName = r.LocationName
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{Name: %q, Label: %q, Shape: %s", wireName, label(name), descriptor)
	if slices.Contains(s.Required, name) || slices.Contains(g.service.required, owner+"."+name) {
		b.WriteString(", Required: true")
	}
	switch {
	case r.Location == "uri":
		b.WriteString(", InPath: true")
	case r.AlsoInBody:
		b.WriteString(", InQuery: true, InBody: true")
	case r.Location != "":
		b.WriteString(", InQuery: true")
	}
	if owner != "" && g.service.memberErrors {
		missing, invalid := g.memberErrors(owner, name, r)
		if missing != "" {
			fmt.Fprintf(&b, ", Missing: Err%s", errorName(missing))
		}
		if invalid != "" {
			fmt.Fprintf(&b, ", Invalid: Err%s", errorName(invalid))
		}
	}
	b.WriteString("}")
	return b.String()
}

func scalar(goType string) bool {
	return slices.Contains([]string{"string", "int64", "float64", "bool", "time.Time"}, goType)
}
