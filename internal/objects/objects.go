// Package objects is the port to the store of immutable blobs (packs and their
// indexes). Keys are slash-separated, made by us, never from outside text, and
// never used twice.
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

// Store puts, gets, lists and deletes blobs. It is safe for concurrent use.
type Store interface {
	// Put stores the file at path under key. When it returns nil the blob
	// survives a power loss. The file may be linked, so the caller must not
	// write to it afterwards. A key that exists already is an error.
	Put(ctx context.Context, key, path string) error

	// Fetch makes the blob appear as the file dst, which must not exist: by a
	// hard link where the driver can, else by a copy that is complete or absent.
	Fetch(ctx context.Context, key, dst string) error

	// Open reads a blob.
	Open(ctx context.Context, key string) (io.ReadCloser, error)

	// Delete removes a blob; an absent one is no error.
	Delete(ctx context.Context, key string) error

	// List calls f with each key that begins with prefix, in no order, until f returns an error.
	List(ctx context.Context, prefix string, f func(key string, size int64) error) error

	// Ping says whether the store can serve now.
	Ping(ctx context.Context) error
}
