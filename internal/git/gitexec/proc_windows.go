package gitexec

import (
	"os"
	"os/exec"
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
