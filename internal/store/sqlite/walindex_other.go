//go:build !unix

package sqlite

import "errors"

// walIndex is not looked at here: SQLite's locks on the file are mandatory.
type walIndex struct{}

func openWALIndex(string) (*walIndex, error) { return nil, errors.ErrUnsupported }

func (*walIndex) read() (h walHeader, ok bool) { return h, false }
