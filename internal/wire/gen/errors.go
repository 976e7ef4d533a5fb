package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// errorTable writes a code and a constructor for each error of the operations.
func (g *generator) errorTable() error {
	set := map[string]bool{}
	for _, op := range g.service.operations {
		for _, e := range g.errorShapes(op) {
			set[e] = true
		}
	}
	all, w := slices.Sorted(maps.Keys(set)), &g.errors
	names := map[string]bool{}
	fmt.Fprintf(w, "// Codes of the errors that the operations may answer.\nconst (\n")
	for _, e := range all {
		if names[errorName(e)] {
			return fmt.Errorf("two errors are called %s", errorName(e))
		}
		names[errorName(e)] = true
		fmt.Fprintf(w, "Err%s = %q\n", errorName(e), g.code(e))
	}
	fmt.Fprintf(w, ")\n")
	for _, e := range all {
		n := errorName(e)
		fmt.Fprintf(w, "\n// New%s makes the error %s.\nfunc New%s(format string, args ...any) *awserr.Error {\n"+
			"return awserr.New(Err%s, %d, format, args...)\n}\n", n, g.code(e), n, n, g.status(e))
	}
	return nil
}

// code is how an exception is called on the wire.
func (g *generator) code(e string) string {
	if t := g.model.Shapes[e].Error; t != nil && t.Code != "" {
		return t.Code
	}
	return e
}

// status is an exception's HTTP status: the model's, or 400, or 500 for a fault.
func (g *generator) status(e string) int {
	s := g.model.Shapes[e]
	switch {
	case s.Error != nil && s.Error.Status != 0:
		return s.Error.Status
	case s.Fault:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
