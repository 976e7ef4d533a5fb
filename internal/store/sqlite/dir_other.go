//go:build !unix

package sqlite

// syncDir does nothing where directories cannot be flushed.
func syncDir(string) error { return nil }
