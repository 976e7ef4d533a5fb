package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// pack is a package whose types are known.
type pack struct {
	path    string
	dir     string
	fset    *token.FileSet
	types   *types.Package
	info    *types.Info
	finders []*finder
}

// listed is what "go list" says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

func load(pattern string) (*pack, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", pattern)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w: %s", pattern, err, stderr.String())
	}
	exports := map[string]string{}
	var target listed
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var l listed
		if err := d.Decode(&l); err != nil {
			return nil, fmt.Errorf("listing %q: %w", pattern, err)
		}
		exports[l.ImportPath] = l.Export
		if !l.DepOnly {
			target = l
		}
	}
	p := &pack{path: target.ImportPath, dir: target.Dir, fset: token.NewFileSet()}
	return p, p.check(target.GoFiles, exports)
}

// check reads the types of the package, and finds its mutants.
func (p *pack) check(names []string, exports map[string]string) error {
	var files []*ast.File
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(p.fset, filepath.Join(p.dir, name), text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file)
		p.finders = append(p.finders, &finder{pkg: p, file: file, name: p.shown(name), text: string(text), where: map[ast.Node]*site{}})
	}
	config := types.Config{Importer: importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	var err error
	if p.types, err = config.Check(p.path, p.fset, files, p.info); err != nil {
		return fmt.Errorf("reading the types of %q: %w", p.path, err)
	}
	for _, f := range p.finders {
		f.find()
	}
	return nil
}

// shown is a file's name from the root of the module.
func (p *pack) shown(name string) string {
	_, inside, found := strings.Cut(p.path, "/")
	if !found {
		return name
	}
	return inside + "/" + name
}

// number gives each mutant its number, from 1, and returns all.
func (p *pack) number() (all []*mutant) {
	seen := map[string]int{}
	for _, f := range p.finders {
		for _, s := range f.sites {
			all = append(all, s.mutants...)
		}
	}
	slices.SortStableFunc(all, func(a, b *mutant) int {
		if a.position.Filename != b.position.Filename {
			return strings.Compare(a.position.Filename, b.position.Filename)
		}
		return a.position.Offset - b.position.Offset
	})
	for i, m := range all {
		m.id = i + 1
		name := m.name()
		if seen[name]++; seen[name] > 1 {
			m.new += fmt.Sprintf(" #%d", seen[name])
		}
	}
	return all
}
