// Package objects is the port to the store of immutable blobs (packs and their
// indexes). Keys are slash-separated, made by us, never from outside text, and
// never used twice; CheckKey has their grammar. A key that is followed by a
// slash in another key is not used: some drivers keep directories.
//
// Every driver runs the suite in objectstest.
package objects

import (
	"context"
	"errors"
	"io"
)

// ErrNotFound is returned, perhaps wrapped, for a key that holds nothing.
var ErrNotFound = errors.New("no such object")

// ErrExists is returned, perhaps wrapped, by Put for a key that holds a blob.
var ErrExists = errors.New("the object exists already")

// ErrDamaged is wrapped in the error of reading a blob that a driver knows not to
// be what was put.
var ErrDamaged = errors.New("what was read is not what was stored")

// ErrUnavailable is wrapped in the error of what the store could not be reached
// for, or not in time. Later it may be.
var ErrUnavailable error = unavailable{}

type unavailable struct{}

func (unavailable) Error() string { return "the object store cannot be reached" }

// Unavailable tells who knows no store that the fault is not of this program.
func (unavailable) Unavailable() bool { return true }

// Store puts, gets, lists and deletes blobs. It is safe for concurrent use.
type Store interface {
	// Put stores the file at path under key. When it returns nil the blob
	// survives a power loss. The file may be linked, so the caller must not
	// write to it afterwards; it is for its owner alone then. A key that exists already is ErrExists, and its
	// blob stays as it is.
	Put(ctx context.Context, key, path string) error

	// Fetch makes the blob appear as the file dst, which must not exist: by a
	// hard link where the driver can, else by a copy that is complete or absent.
	// The caller may remove dst but not write to it. dst need not survive a
	// power loss.
	Fetch(ctx context.Context, key, dst string) error

	// Open reads a blob.
	Open(ctx context.Context, key string) (io.ReadCloser, error)

	// Delete removes a blob for good; an absent one is no error. A blob that is
	// open can be read to its end.
	Delete(ctx context.Context, key string) error

	// List calls f with each key that begins with prefix, in no order, until f
	// returns an error, which it returns. f may delete. Blobs that come or go
	// meanwhile may be listed or not. A prefix ends with a slash or is the
	// beginning of a part.
	List(ctx context.Context, prefix string, f func(key string, size int64) error) error

	// Ping says whether the store can serve now.
	Ping(ctx context.Context) error
}
