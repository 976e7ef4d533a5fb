package directorytest

import (
	"os/exec"
	"syscall"
)

// dieWithTest has the kernel kill c should the test's process die.
func dieWithTest(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
