package store

import "context"

// ErrFrozen is wrapped in the error of an Update that would have changed a store
// that is frozen. It is Unavailable: later, or in another place, it will do.
var ErrFrozen error = frozen{}

type frozen struct{ unavailable }

func (frozen) Error() string {
	return "the data is being moved, and can only be read until that is done"
}

// Advice is what a caller is told.
func (f frozen) Advice() string {
	return "The server's data is being moved: until that is done it can be read and not be changed. Try again later."
}

// Row is a row of a table as a store keeps it. Values are in the order of the
// columns, and are int64, string, []byte or nil.
type Row struct {
	Table   string
	Columns []string
	Values  []any
}

// Movable is a Store whose contents can be put into another one, of any driver.
type Movable interface {
	Store

	// Dump calls f with each row of one snapshot, but leases, in an order in which
	// a row refers only to those before it. A Row is f's only until f returns.
	Dump(ctx context.Context, f func(Row) error) error

	// Load puts rows, which dump hands to its argument in the order of Dump, into a
	// store that has none, all or nothing. In a store that has some it is ErrExists.
	Load(ctx context.Context, dump func(f func(Row) error) error) error

	// Freeze makes each Update that would change something ErrFrozen, in all
	// processes and for good: once it has returned, what is read stays so.
	// Thaw ends it. Both are idempotent.
	Freeze(ctx context.Context) error
	Thaw(ctx context.Context) error
}
