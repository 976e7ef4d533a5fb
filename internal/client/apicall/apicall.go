// Package apicall speaks the AWS APIs from the command line: it turns flags
// named after an operation's input into a request, and the answer into the
// JSON that the AWS CLI prints. What an operation takes and gives comes from
// the generated shapes, so that no operation is written by hand.
//
// It does not sign, send or find credentials.
package apicall

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sojourn/internal/wire"
)

// Flag is the command line's form of an API name: RoleName is role-name,
// OpenIDConnectProviderArn is open-id-connect-provider-arn.
func Flag(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; upper(c) {
			if i > 0 && (!upper(name[i-1]) || i+1 < len(name) && !upper(name[i+1])) {
				b.WriteByte('-')
			}
			b.WriteByte(c | 0x20)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

// Find returns the operation whose command is name ("create-role").
func Find(s *wire.Service, name string) (*wire.Operation, error) {
	for _, o := range s.Operations {
		if Flag(o.Name) == name {
			return o, nil
		}
	}
	return nil, fmt.Errorf("%s has no operation %q; \"sojourn %s --help\" lists them", s.Name, name, s.Name)
}

// Names are the commands of a service, sorted.
func Names(s *wire.Service) []string {
	var names []string
	for name := range maps.Keys(s.Operations) {
		names = append(names, Flag(name))
	}
	slices.Sort(names)
	return names
}

// Usage lists an operation's flags, the obligatory ones first.
func Usage(o *wire.Operation) string {
	var b strings.Builder
	for _, required := range []bool{true, false} {
		for _, m := range o.Input.Members {
			if m.Required != required {
				continue
			}
			line := "--" + Flag(m.Name) + form(m.Shape)
			if !required {
				line = "[" + line + "]"
			}
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}

func form(s *wire.Shape) string {
	switch s.Kind {
	case wire.Boolean:
		return ""
	case wire.Integer, wire.Float:
		return " NUMBER"
	case wire.List:
		return " VALUE…"
	case wire.Map:
		return " KEY=VALUE,…"
	case wire.Structure:
		return " NAME=VALUE,…"
	}
	return " TEXT"
}
