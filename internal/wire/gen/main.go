// Command gen writes the packages stswire, iamwire, codecommitwire, dswire,
// accessanalyzerwire and rolesanywherewire from the published API models, and from ours in models/ for
// what AWS has not: structs, constraints, wire names and error tables of the
// operations listed in operations.go. It writes
// none of the models' documentation text. Anything in a model that package wire
// could not honour ends the generation with an error.
//
// It is run by go generate in internal/wire; see there for how models are found.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const debianModels = "/usr/lib/python3/dist-packages/botocore/data"

func main() {
	models := flag.String("models", os.Getenv("SOJOURN_MODELS"), "directory with SERVICE/VERSION/service-2.json[.gz]")
	out := flag.String("out", ".", "directory of package wire")
	flag.Parse()
	if err := run(*models, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(models, out string) error {
	dir, err := findModels(models)
	if err != nil {
		return err
	}
	for _, s := range services {
		m, err := modelOf(dir, s)
		if err != nil {
			return err
		}
		if err := m.supplement(s.name); err != nil {
			return err
		}
		files, err := generate(m, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := write(filepath.Join(out, s.name+"wire"), files); err != nil {
			return err
		}
	}
	return nil
}

// findModels returns the directory asked for, or one of the usual places.
func findModels(asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	script := "import botocore,os;print(os.path.join(os.path.dirname(botocore.__file__),'data'))"
	if b, err := exec.Command("python3", "-c", script).Output(); err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if _, err := os.Stat(debianModels); err == nil {
		return debianModels, nil
	}
	return "", errors.New("no API models: install botocore for python3, or name their directory with -models or SOJOURN_MODELS")
}

// write replaces the generated files of one package.
func write(dir string, files map[string]*bytes.Buffer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making package directory: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		return fmt.Errorf("listing generated files: %w", err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("removing generated file: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		src, err := format.Source(files[name].Bytes())
		if err != nil {
			return fmt.Errorf("formatting %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), src, 0o644); err != nil {
			return fmt.Errorf("writing generated file: %w", err)
		}
	}
	return nil
}
