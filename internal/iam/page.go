package iam

import (
	"encoding/base64"
	"sort"
	"strings"
	"unicode/utf8"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
)

// The API's own bounds: wire refuses what is outside of them.
const (
	defaultItems = 100
	maxItems     = 1000
)

// window is the part of a list that a request asks for. after is the key of
// the last entry that the caller has seen.
type window struct {
	list  string // names the list, so that a marker fits one list only
	after string
	limit int
}

// newWindow reads Marker and MaxItems. list is the operation: what the marker must be for.
func newWindow(list string, marker *string, items *int64) (window, error) {
	w := window{list: list, limit: defaultItems}
	if items != nil {
		w.limit = int(min(max(*items, 1), maxItems))
	}
	if marker == nil {
		return w, nil
	}
	var ok bool
	if w.after, ok = openMarker(list, *marker); !ok {
		return w, awserr.Validation("Invalid Marker.")
	}
	return w, nil
}

// openMarker returns the key in a marker that this list gave out.
func openMarker(list, marker string) (key string, ok bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(marker)
	if err != nil || !utf8.Valid(text) {
		return "", false
	}
	key, ok = strings.CutPrefix(string(text), list+"\x00")
	return key, ok && key != ""
}

func makeMarker(list, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "\x00" + key))
}

// page asks the store for one entry more than fits, to see whether there are more.
func (w window) page(prefix *string) store.Page {
	return store.Page{Prefix: or(prefix, "/"), After: w.after, Limit: w.limit + 1}
}

// paged is one page of a list and what the answer says about the rest.
type paged[T any] struct {
	items     []T
	truncated *bool
	marker    *string
}

// cut takes a page from entries that begin behind the marker. key is what the list is ordered by.
func cut[T any](w window, entries []T, key func(T) string) paged[T] {
	p := paged[T]{items: entries, truncated: new(false)}
	if len(entries) > w.limit {
		p.items = entries[:w.limit]
		p.truncated = new(true)
		p.marker = new(makeMarker(w.list, key(p.items[w.limit-1])))
	}
	return p
}

// slice orders a whole list by key and takes the page behind the marker from it.
func slice[T any](w window, all []T, key func(T) string) paged[T] {
	sort.SliceStable(all, func(i, j int) bool { return key(all[i]) < key(all[j]) })
	first := sort.Search(len(all), func(i int) bool { return key(all[i]) > w.after })
	return cut(w, all[first:], key)
}

// fold is the form that names are ordered and compared by.
func fold(name string) string { return strings.ToLower(name) }
