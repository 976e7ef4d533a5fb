package lint

import "strings"

// meant is " Did you mean …?" with the nearest of names, or "" when none is near.
func meant(word string, names ...string) string {
	if near := nearest(word, names); near != "" {
		return " Did you mean " + near + "?"
	}
	return ""
}

// nearest returns the name that differs from word by the fewest letters, case
// aside, and by no more than a third of them.
func nearest(word string, names []string) string {
	best, found := min(3, len(word)/3)+1, ""
	for _, name := range names {
		if d := len(name) - len(word); d >= best || -d >= best {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(name)); d < best {
			best, found = d, name
		}
	}
	return found
}

// distance counts the bytes to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
