package remotehelper

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// Pushing reports whether a "git push" started this process.
func Pushing() bool { return pushing(parents) }

func parents() [][]string {
	var list [][]string
	pid := os.Getppid()
	for range generations {
		dir := "/proc/" + strconv.Itoa(pid)
		line, err := os.ReadFile(dir + "/cmdline")
		if err != nil || len(line) == 0 {
			break
		}
		list = append(list, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
		stat, err := os.ReadFile(dir + "/stat")
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the name before it may hold anything
		if err != nil || len(fields) < 2 {
			break
		}
		if pid, err = strconv.Atoi(string(fields[1])); err != nil || pid <= 1 {
			break
		}
	}
	return list
}
