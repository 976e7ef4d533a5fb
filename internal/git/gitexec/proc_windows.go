package gitexec

import (
	"os"
	"os/exec"
	"time"
)

// Windows has no process groups of this kind; a process's children end with its pipes.
func ownGroup(*exec.Cmd) {}

func endGroup(int) {}

func killGroup(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

// limitProcess does nothing: only Linux sets another process's limits.
func limitProcess(int, int64, time.Duration) {}

func overLimit(*os.ProcessState) bool { return false }
