//go:build unix

package git_test

import (
	"os"
	"runtime"
	"syscall"
)

// maxMemory is the most that a process had in memory, in bytes.
func maxMemory(p *os.ProcessState) int64 {
	n := p.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "darwin" {
		return n
	}
	return n << 10
}
