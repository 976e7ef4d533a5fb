//go:build unix && !linux

package gitexec

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// ownGroup makes cmd the leader of a process group, so that it can be killed with its children.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup does nothing: to wait without reaping, which it takes to kill a
// group safely, is not portable. A process's children end with its pipes.
func endGroup(int) {}

func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

// limitProcess does nothing: only Linux sets another process's limits.
func limitProcess(int, int64, time.Duration) {}

func overLimit(*os.ProcessState) bool { return false }
