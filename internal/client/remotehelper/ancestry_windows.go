package remotehelper

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Pushing reports whether a "git push" started this process.
func Pushing() bool { return pushing(parents) }

func parents() [][]string {
	var list [][]string
	pid := os.Getppid()
	for range generations {
		args, parent, err := describe(uint32(pid))
		if err != nil || len(args) == 0 {
			break
		}
		list, pid = append(list, args), parent
	}
	return list
}

// describe returns a process's arguments and the process that started it.
func describe(pid uint32) (args []string, parent int, err error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return nil, 0, err
	}
	defer windows.CloseHandle(h)
	var basic windows.PROCESS_BASIC_INFORMATION
	if err := windows.NtQueryInformationProcess(h, windows.ProcessBasicInformation, unsafe.Pointer(&basic), uint32(unsafe.Sizeof(basic)), nil); err != nil {
		return nil, 0, err
	}
	buffer := make([]uint64, 8<<10) // a command line has at most 32,767 characters
	size := uint32(len(buffer) * 8)
	if err := windows.NtQueryInformationProcess(h, windows.ProcessCommandLineInformation, unsafe.Pointer(&buffer[0]), size, nil); err != nil {
		return nil, 0, err
	}
	args, err = windows.DecomposeCommandLine((*windows.NTUnicodeString)(unsafe.Pointer(&buffer[0])).String())
	return args, int(basic.InheritedFromUniqueProcessId), err
}
