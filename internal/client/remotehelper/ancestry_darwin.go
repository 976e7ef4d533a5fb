package remotehelper

import (
	"bytes"
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"
)

// Pushing reports whether a "git push" started this process.
func Pushing() bool { return pushing(parents) }

func parents() [][]string {
	var list [][]string
	pid := os.Getppid()
	for range generations {
		raw, err := unix.SysctlRaw("kern.procargs2", pid)
		args := splitProcArgs(raw)
		if err != nil || len(args) == 0 {
			break
		}
		list = append(list, args)
		info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
		if err != nil || info.Eproc.Ppid <= 1 {
			break
		}
		pid = int(info.Eproc.Ppid)
	}
	return list
}

// splitProcArgs reads argc, the program's path with its padding, and argc arguments.
func splitProcArgs(raw []byte) []string {
	if len(raw) < 4 {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(raw))
	i := bytes.IndexByte(raw[4:], 0)
	if i < 0 {
		return nil
	}
	var args []string
	rest := bytes.TrimLeft(raw[4+i:], "\x00")
	for len(args) < n {
		arg, after, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			break
		}
		args, rest = append(args, string(arg)), after
	}
	return args
}
