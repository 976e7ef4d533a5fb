//go:build !linux

package directorytest

import "os/exec"

func dieWithTest(*exec.Cmd) {}
