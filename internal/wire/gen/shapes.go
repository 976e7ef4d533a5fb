package main

import (
	"fmt"
	"slices"
	"strings"
)

// kinds are the models' types, with Go's for the scalars.
var kinds = map[string]struct{ kind, goType string }{
	"string":    {"String", "string"},
	"character": {"String", "string"},
	"integer":   {"Integer", "int64"},
	"long":      {"Integer", "int64"},
	"float":     {"Float", "float64"},
	"double":    {"Float", "float64"},
	"boolean":   {"Boolean", "bool"},
	"timestamp": {"Timestamp", "time.Time"},
	"blob":      {"Blob", "[]byte"},
	"list":      {"List", ""},
	"map":       {"Map", ""},
	"structure": {"Structure", ""},
}

// use writes the shape that r refers to, unless it is written, and returns its
// Go type and the name of its descriptor.
func (g *generator) use(r ref) (goType, descriptor string, err error) {
	if err := r.check(); err != nil {
		return "", "", err
	}
	s, ok := g.model.Shapes[r.Shape]
	if !ok {
		return "", "", fmt.Errorf("shape %s does not exist", r.Shape)
	}
	if r.Flattened || r.TimestampFormat != "" {
		return "", "", fmt.Errorf("shape %s: flattened and timestampFormat are supported on shapes, not on members", r.Shape)
	}
	if g.open[r.Shape] {
		return "", "", fmt.Errorf("shape %s contains itself, which is not supported", r.Shape)
	}
	g.open[r.Shape] = true
	defer delete(g.open, r.Shape)
	if goType, err = g.goType(r.Shape, s); err != nil {
		return "", "", err
	}
	if !g.done[r.Shape] {
		g.done[r.Shape] = true
		err = g.emit(r.Shape, s)
	}
	return goType, "shape" + exported(r.Shape), err
}

// goType is a shape's type as an element; the shapes inside it are written on the way.
func (g *generator) goType(name string, s *shape) (string, error) {
	k, ok := kinds[s.Type]
	switch {
	case !ok:
		return "", fmt.Errorf("shape %s: type %q is not supported", name, s.Type)
	case s.Type == "structure":
		return exported(name), nil
	case s.Type == "list":
		elem, _, err := g.use(*s.Member)
		return "[]" + elem, err
	case s.Type == "map":
		if key, _, err := g.use(*s.Key); err != nil || key != "string" {
			return "", fmt.Errorf("shape %s: the key must be a string: %w", name, err)
		}
		elem, _, err := g.use(*s.Value)
		return "map[string]" + elem, err
	}
	return k.goType, nil
}

// emit writes one shape's descriptor, for a structure its Go struct too.
func (g *generator) emit(name string, s *shape) error {
	if s.Type == "structure" {
		return g.structure(exported(name), name, s, "")
	}
	if err := s.check(); err != nil {
		return fmt.Errorf("shape %s: %w", name, err)
	}
	fields := fmt.Sprintf("Name: %q, Kind: wire.%s", name, kinds[s.Type].kind) + g.container(s)
	s.Sensitive = s.Sensitive || secrets[name]
	c, err := g.constraints(s)
	if err != nil {
		return fmt.Errorf("shape %s: %w", name, err)
	}
	fmt.Fprintf(&g.shapes, "var shape%s = &wire.Shape{%s}\n\n", exported(name), fields+c)
	g.enumConstants(name, s)
	return nil
}

// secrets are shapes that the models do not call sensitive: a code with a space
// too many is still the code, and would stand in the error's text.
var secrets = map[string]bool{"tokenCodeType": true, "authenticationCodeType": true}

// container is the part of a descriptor that lists and maps have.
func (g *generator) container(s *shape) string {
	var b strings.Builder
	switch s.Type {
	case "list":
		fmt.Fprintf(&b, ", Elem: shape%s, Item: %q", exported(s.Member.Shape), or(s.Member.LocationName, "member"))
	case "map":
		fmt.Fprintf(&b, ", Key: shape%s, Elem: shape%s, Item: \"entry\", KeyName: %q, ElemName: %q", exported(s.Key.Shape),
			exported(s.Value.Shape), or(s.Key.LocationName, "key"), or(s.Value.LocationName, "value"))
	}
	if s.Flattened {
		b.WriteString(", Flattened: true")
	}
	return b.String()
}

var timeFormats = map[string]string{"iso8601": "TimeISO8601", "unixTimestamp": "TimeUnix"}

func (g *generator) constraints(s *shape) (string, error) {
	var b strings.Builder
	if s.Min != nil {
		fmt.Fprintf(&b, ", Min: %s", g.bound(*s.Min))
	}
	if s.Max != nil {
		fmt.Fprintf(&b, ", Max: %s", g.bound(*s.Max))
	}
	if s.Pattern != "" {
		expr, err := translate(s.Pattern)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, ", Pattern: &wire.Pattern{Source: %s, Expr: %s}", quote(s.Pattern), quote(expr))
	}
	if len(s.Enum) > 0 {
		fmt.Fprintf(&b, ", Enum: %#v", s.Enum)
	}
	if s.Sensitive {
		b.WriteString(", Sensitive: true")
	}
	if s.TimestampFormat != "" {
		f, ok := timeFormats[s.TimestampFormat]
		if !ok {
			return "", fmt.Errorf("timestampFormat %q is not supported", s.TimestampFormat)
		}
		fmt.Fprintf(&b, ", Time: wire.%s", f)
	}
	return b.String(), nil
}

// bound is the address of a variable that holds n. A variable of the package,
// unlike new(n), is laid out by the linker: there is nothing to do at the start
// of each program that has the package in it.
func (g *generator) bound(n int64) string {
	if !slices.Contains(g.bounds, n) {
		g.bounds = append(g.bounds, n)
	}
	return "&" + boundName(n)
}

func boundName(n int64) string {
	if n < 0 {
		return fmt.Sprintf("boundMinus%d", -n)
	}
	return fmt.Sprintf("bound%d", n)
}

// boundVars writes the variables that bound has named.
func (g *generator) boundVars() {
	if len(g.bounds) == 0 {
		return
	}
	fmt.Fprintf(&g.shapes, "var (\n")
	for _, n := range slices.Sorted(slices.Values(g.bounds)) {
		fmt.Fprintf(&g.shapes, "%s int64 = %d\n", boundName(n), n)
	}
	fmt.Fprintf(&g.shapes, ")\n")
}

func (g *generator) enumConstants(name string, s *shape) {
	if len(s.Enum) == 0 {
		return
	}
	w := &g.types
	fmt.Fprintf(w, "// Values of %s.\nconst (\n", name)
	for _, v := range s.Enum {
		fmt.Fprintf(w, "%s%s = %q\n", exported(name), enumName(v), v)
	}
	fmt.Fprintf(w, ")\n\n")
}

func quote(s string) string {
	if strings.Contains(s, "`") {
		return fmt.Sprintf("%q", s)
	}
	return "`" + s + "`"
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
