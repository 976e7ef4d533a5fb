package sqlstore

import (
	"slices"
	"strings"
)

// batchSizes are the numbers of rows that one statement may carry, largest
// first. Few sizes, so that each statement is prepared once and used again; the
// largest keeps the parameters of the widest row (7 columns) below 500.
var batchSizes = [...]int{64, 8, 1}

// batches cuts list into pieces of those sizes and calls f with each.
func batches[T any](list []T, f func([]T) error) error {
	for _, size := range batchSizes {
		for len(list) >= size {
			if err := f(list[:size]); err != nil {
				return err
			}
			list = list[size:]
		}
	}
	return nil
}

// sets cuts names into pieces of those sizes for IN lists, where a name may stand
// twice: so the last piece is filled up and is one statement.
func sets(names []string, f func([]string) error) error {
	whole := len(names) - len(names)%batchSizes[0]
	rest := names[whole:]
	if len(rest) > 1 {
		size := batchSizes[1]
		if len(rest) > size {
			size = batchSizes[0]
		}
		rest = slices.Concat(rest, slices.Repeat(rest[:1], size-len(rest)))
	}
	if err := batches(names[:whole], f); err != nil {
		return err
	}
	return batches(rest, f)
}

// markers are n comma-separated copies of marker.
func markers(marker string, n int) string {
	return strings.Join(slices.Repeat([]string{marker}, n), ", ")
}
