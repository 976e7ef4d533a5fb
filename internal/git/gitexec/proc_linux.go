package gitexec

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup makes cmd the leader of a process group, so that it can be killed
// with its children, and has the kernel kill it should this process die.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// endGroup waits until the process has ended and kills what it has left
// behind. The process stays a zombie meanwhile, so that its id, which names the
// group, cannot have been given to another.
func endGroup(pid int) {
	for {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			break
		}
	}
	killGroup(pid)
}

func killGroup(pid int) error { return unix.Kill(-pid, unix.SIGKILL) }
