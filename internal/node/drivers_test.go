package node

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// One machine and many nodes run the same program above the drivers: only the node
// imports a driver, and nothing else so much as has the name of one in its code.
func TestOnlyTheNodeNamesDrivers(t *testing.T) {
	drivers := []string{
		"sojourn/internal/store/postgres", "sojourn/internal/store/sqlite", "sojourn/internal/store/sqlstore",
		"sojourn/internal/objects/s3", "sojourn/internal/objects/file", "database/sql", "github.com/jackc/pgx", "modernc.org/sqlite",
	}
	mayImport := []string{"internal/node", "internal/store/postgres", "internal/store/sqlite", "internal/store/sqlstore", "internal/objects/s3", "internal/objects/file",
		// Tools and tests' helpers, which the linter keeps out of the product.
		"internal/bench", "internal/store/storetest", "internal/objects/objectstest"}
	mayName := append(slices.Clone(mayImport), "cmd/sojourn") // its help names what --metadata and --objects take
	name := regexp.MustCompile(`(?i)postgres|sqlite|pgx|s3://`)
	within := func(path string, dirs []string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(path, dir+"/") })
	}
	root, files := filepath.Join("..", ".."), 0
	for _, top := range []string{"cmd", "internal"} {
		err := fs.WalkDir(os.DirFS(root), top, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				return err
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, path, text, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, i := range parsed.Imports {
				imported, _ := strconv.Unquote(i.Path.Value)
				if within(imported+"/", drivers) && !within(path, mayImport) {
					t.Errorf("%s imports %s", set.Position(i.Pos()), imported)
				}
			}
			if within(path, mayName) {
				return nil
			}
			var s scanner.Scanner // without comments
			file := set.AddFile(path, -1, len(text))
			s.Init(file, text, nil, 0)
			for {
				at, kind, word := s.Scan()
				if kind == token.EOF {
					return nil
				}
				if (kind == token.IDENT || kind == token.STRING) && name.MatchString(word) {
					t.Errorf("%s names a driver: %s", set.Position(at), word)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 300 {
		t.Errorf("only %d files were looked at", files)
	}
}
