package sqlstore

import (
	"fmt"
	"strings"
)

// breaking ends the name of a migration after which older programs cannot work
// with the database. All others are additive, so that nodes of yesterday's
// program go on, and start, beside those of today's: they make tables and
// indexes, and columns that have a default.
const breaking = ".breaking"

// Applied is a migration that a database has had, by its number and name.
type Applied struct {
	Version int
	Name    string
}

// Compatible reports why a program that knows the migrations up to a number
// cannot work with a database, nil when it can.
func Compatible(known int, applied []Applied) error {
	since := 0
	for _, m := range applied {
		if m.Version > known && strings.HasSuffix(m.Name, breaking) {
			since = max(since, m.Version)
		}
	}
	if since > 0 {
		return fmt.Errorf("its schema is for programs since version %d and this one knows %d: use the newer program that wrote it", since, known)
	}
	return nil
}

// Additive reports why a migration must be called breaking: the statement of it
// with which a program that does not know it may not be able to work.
func Additive(name, script string) error {
	if strings.HasSuffix(name, breaking) {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(script, "\n") {
		line, _, _ = strings.Cut(line, "--")
		lines = append(lines, strings.TrimSpace(line))
	}
	for statement := range strings.SplitSeq(strings.Join(lines, " "), ";") {
		words := strings.ToUpper(strings.Join(strings.Fields(statement), " "))
		ok := words == "" || strings.HasPrefix(words, "CREATE TABLE ") || strings.HasPrefix(words, "CREATE INDEX ")
		if strings.HasPrefix(words, "ALTER TABLE ") && strings.Contains(words, " ADD COLUMN ") && strings.Count(words, " ADD COLUMN ") == 1 {
			ok = strings.Contains(words, " DEFAULT ") || !strings.Contains(words, " NOT NULL")
		}
		if !ok {
			return fmt.Errorf("migration %q: %q is not additive: end its name with %q", name, strings.TrimSpace(statement), breaking)
		}
	}
	return nil
}
