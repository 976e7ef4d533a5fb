package apicall

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"sojourn/internal/wire"
)

// Input is a request's members by name: strings, json.Numbers, booleans,
// []any and Input.
type Input map[string]any

// ParseInput reads the flags of an operation. A text may be file://PATH, which
// stands for the file's content. A structure is JSON or NAME=VALUE,NAME=VALUE.
func ParseInput(o *wire.Operation, args []string) (Input, error) {
	in := Input{}
	for len(args) > 0 {
		name, isFlag := strings.CutPrefix(args[0], "--")
		if !isFlag {
			return nil, fmt.Errorf("unexpected argument %q", args[0])
		}
		name, value, joined := strings.Cut(name, "=")
		m := member(o.Input, name)
		if m == nil {
			return nil, fmt.Errorf("%s takes no flag --%s", Flag(o.Name), name)
		}
		var values []string
		if args = args[1:]; joined {
			values = []string{value}
		} else {
			values, args = take(m.Shape, args)
		}
		if _, twice := in[m.Name]; twice {
			return nil, fmt.Errorf("--%s is given twice", name)
		}
		v, err := parseFlag(m.Shape, values, name == "no-"+Flag(m.Name))
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		in[m.Name] = v
	}
	for _, m := range o.Input.Members {
		if _, ok := in[m.Name]; m.Required && !ok {
			return nil, fmt.Errorf("--%s is missing", Flag(m.Name))
		}
	}
	return in, nil
}

func member(s *wire.Shape, flag string) *wire.Member {
	i := slices.IndexFunc(s.Members, func(m wire.Member) bool {
		return Flag(m.Name) == flag || m.Shape.Kind == wire.Boolean && "no-"+Flag(m.Name) == flag
	})
	if i < 0 {
		return nil
	}
	return &s.Members[i]
}

// take splits off the values of one flag: none for a switch, all up to the
// next flag for a list, else one.
func take(s *wire.Shape, args []string) (values, rest []string) {
	n := 0
	switch {
	case s.Kind == wire.List:
		for n < len(args) && !strings.HasPrefix(args[n], "--") {
			n++
		}
	case s.Kind != wire.Boolean && len(args) > 0:
		n = 1
	}
	return args[:n], args[n:]
}

func parseFlag(s *wire.Shape, values []string, negated bool) (any, error) {
	switch {
	case s.Kind == wire.Boolean && len(values) == 0:
		return !negated, nil
	case len(values) == 0:
		return nil, fmt.Errorf("a value is missing")
	case s.Kind == wire.List && !(len(values) == 1 && strings.HasPrefix(values[0], "[")):
		list := make([]any, 0, len(values))
		for _, text := range values {
			v, err := parseText(s.Elem, text)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return parseText(s, values[0])
}

func parseText(s *wire.Shape, text string) (any, error) {
	if path, ok := strings.CutPrefix(text, "file://"); ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	switch s.Kind {
	case wire.Integer, wire.Float:
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return json.Number(text), nil
	case wire.Boolean:
		return strconv.ParseBool(text)
	case wire.List, wire.Map, wire.Structure:
		return parseTree(s, text)
	}
	return text, nil
}

// parseTree reads a list, map or structure: JSON, or the short form.
func parseTree(s *wire.Shape, text string) (any, error) {
	if t := strings.TrimSpace(text); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		d := json.NewDecoder(strings.NewReader(t))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("JSON: %w", err)
		}
		return v, nil
	}
	tree := map[string]any{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form NAME=VALUE", pair)
		}
		tree[key] = value
		if s.Kind == wire.Structure {
			i := slices.IndexFunc(s.Members, func(m wire.Member) bool { return m.Name == key })
			if i < 0 {
				return nil, fmt.Errorf("there is no member %q", key)
			}
			v, err := parseText(s.Members[i].Shape, value)
			if err != nil {
				return nil, err
			}
			tree[key] = v
		}
	}
	return tree, nil
}
