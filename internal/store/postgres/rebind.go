package postgres

import (
	"strconv"
	"strings"
	"sync"
)

// rebound keeps the statements in PostgreSQL's form. They come from package
// sqlstore alone, so that there are few.
var rebound sync.Map

// rebind numbers a statement's parameters: $1, $2, … for ?. No text in a
// statement of ours has a question mark.
func rebind(query string) string {
	if q, ok := rebound.Load(query); ok {
		return q.(string)
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(query, "?") {
		if n > 0 {
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	rebound.Store(query, b.String())
	return b.String()
}
