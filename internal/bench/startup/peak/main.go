//go:build unix

// Command peak runs a program and prints the most memory that it had, in KiB.
// The kernel counts in what a process had before it became another program, so
// the one that starts it must be smaller than what is measured.
package main

import (
	"os"
	"strconv"
	"syscall"
)

func main() {
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 2, 2}})
	var status syscall.WaitStatus
	var usage syscall.Rusage
	if err == nil {
		_, err = syscall.Wait4(pid, &status, 0, &usage)
	}
	if err != nil || status.ExitStatus() != 0 {
		os.Exit(1)
	}
	os.Stdout.WriteString(strconv.FormatInt(usage.Maxrss, 10))
}
