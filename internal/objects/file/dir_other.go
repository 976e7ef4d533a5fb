//go:build !unix

package file

import "os"

// syncDir does nothing where directories cannot be flushed.
func syncDir(string) error { return nil }

// syncFile asks for a copy where a file that is open for reading cannot be flushed.
func syncFile(*os.File) error { return errNoLink }
