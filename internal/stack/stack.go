// Package stack makes a goroutine's stack large while there is next to nothing
// on it. A stack that grows later is copied once for each doubling, and for each
// frame on it the runtime reads tables that lie all over the program: pages that
// a program which runs for two milliseconds would never touch.
package stack

import "os"

// Grow makes room for 12 KiB on the caller's stack, which programs that git
// waits for do first.
//
//go:noinline
func Grow() byte {
	var frame [12 << 10]byte
	return frame[len(os.Args)] // not constant, so that the frame is not optimized away
}
