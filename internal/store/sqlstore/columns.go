package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"sojourn/internal/store"
)

// nameKey is the form in which IAM names are compared.
func nameKey(name string) string { return strings.ToLower(name) }

// reference is the id of another row in a column; "" refers to none.
func reference(id string) sql.NullString { return sql.NullString{String: id, Valid: id != ""} }

// instant is a time in a column: microseconds since the epoch, 0 for the zero time.
type instant struct{ t *time.Time }

func (i instant) Scan(v any) error {
	us, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is %T, not an integer", v)
	}
	*i.t = time.Time{}
	if us != 0 {
		*i.t = time.UnixMicro(us).UTC()
	}
	return nil
}

// micros is what instant reads.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// period is a duration in a column, in microseconds.
type period struct{ d *time.Duration }

func (p period) Scan(v any) error {
	us, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a duration is %T, not an integer", v)
	}
	*p.d = time.Duration(us) * time.Microsecond
	return nil
}

// document is a list or a map in a column, as JSON. An empty one reads as nil.
type document[T any] struct{ v *T }

func (d document[T]) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a JSON column is %T, not text", v)
	}
	if s == "" || s == "[]" || s == "{}" {
		return nil
	}
	return json.Unmarshal([]byte(s), d.v)
}

func jsonOf[T any](v *T) document[T] { return document[T]{v} }

func stringList(l []string) string {
	if len(l) == 0 {
		return "[]"
	}
	return encode(l)
}

func stringMap(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	return encode(m)
}

func tagList(tags []store.Tag) string {
	if len(tags) == 0 {
		return "[]"
	}
	return encode(tags)
}

// encode is used for strings, and lists, maps and structures of them, which always encode.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sqlstore: encoding %T: %v", v, err))
	}
	return string(b)
}

// pageOf adds to a WHERE clause that column, the list's key, is in the page. It
// gives one lower bound, because an index search uses only one.
func pageOf(where, column string, p store.Page, args []any) (string, []any) {
	if p.Prefix > p.After {
		return prefixRange(where, column, p.Prefix, args)
	}
	return prefixEndOf(where+" AND "+column+" > ?", column, p.Prefix, append(args, p.After))
}

// prefixRange adds that column begins with prefix.
func prefixRange(where, column, prefix string, args []any) (string, []any) {
	if prefix == "" {
		return where, args
	}
	return prefixEndOf(where+" AND "+column+" >= ?", column, prefix, append(args, prefix))
}

func prefixEndOf(where, column, prefix string, args []any) (string, []any) {
	if end, ok := prefixEnd(prefix); ok {
		return where + " AND " + column + " < ?", append(args, end)
	}
	return where, args
}

// prefixEnd is the least text, compared byte by byte, behind all that begin
// with prefix; false when there is none. For valid UTF-8 it is valid UTF-8,
// because not every database takes other text.
func prefixEnd(prefix string) (string, bool) {
	for prefix != "" {
		r, n := utf8.DecodeLastRuneInString(prefix)
		head, last := prefix[:len(prefix)-n], prefix[len(prefix)-1]
		switch {
		case r == utf8.RuneError && n == 1:
			if last < 0xff {
				return head + string([]byte{last + 1}), true
			}
		case r == 0xd7ff: // the surrogates behind it are no text
			return head + "\ue000", true
		case r < utf8.MaxRune:
			return head + string(r+1), true
		}
		prefix = head
	}
	return "", false
}

// flag is a truth value in a column: 1 or 0.
type flag struct{ b *bool }

func (f flag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a truth value is %T, not an integer", v)
	}
	*f.b = n != 0
	return nil
}

// flagged is what flag reads.
func flagged(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// bytesOf is a BLOB column. An empty one reads as nil, whatever the database makes of it.
type bytesOf struct{ b *[]byte }

func (b bytesOf) Scan(v any) error {
	raw, ok := v.([]byte)
	if !ok && v != nil {
		return fmt.Errorf("a column of bytes is %T", v)
	}
	*b.b = append([]byte(nil), raw...) // the driver's is its own
	return nil
}
