package gitexec

import (
	"os"
	"os/exec"
	"syscall"
	"time"

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

// limitProcess bounds a process's private memory and its processor time; its
// children inherit both. A process that is gone already needs no bounds.
func limitProcess(pid int, memory int64, cpu time.Duration) {
	seconds := uint64(max(cpu/time.Second, 1))
	unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(memory), Max: uint64(memory)}, nil)
	unix.Prlimit(pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds + 5}, nil)
	unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
}

// overLimit reports whether a process was ended for its processor time.
func overLimit(p *os.ProcessState) bool {
	status, ok := p.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXCPU
}
