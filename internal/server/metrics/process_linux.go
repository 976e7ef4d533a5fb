package metrics

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// processMetrics are read from proc(5). What cannot be read is 0.
func processMetrics() []Func {
	start := startTime()
	return []Func{
		{Counter, "process_cpu_seconds_total", "Processor time of the process, user and system, in seconds.", nil, func() float64 { return (stat(13) + stat(14)) / ticks }},
		{Gauge, "process_max_fds", "File descriptors that the process may have open.", nil, func() float64 { return limit(syscall.RLIMIT_NOFILE) }},
		{Counter, "process_network_receive_bytes_total", "Bytes received by the network interfaces that the process sees.", nil, func() float64 { return network("InOctets") }},
		{Counter, "process_network_transmit_bytes_total", "Bytes sent by the network interfaces that the process sees.", nil, func() float64 { return network("OutOctets") }},
		{Gauge, "process_open_fds", "File descriptors that are open.", nil, openFiles},
		{Gauge, "process_resident_memory_bytes", "Bytes of the process in memory.", nil, func() float64 { return stat(23) * float64(os.Getpagesize()) }},
		{Gauge, "process_start_time_seconds", "When the process was started, in seconds since 1970.", nil, func() float64 { return start }},
		{Gauge, "process_virtual_memory_bytes", "Bytes of the process's address space in use.", nil, func() float64 { return stat(22) }},
		{Gauge, "process_virtual_memory_max_bytes", "Bytes that the address space may have.", nil, func() float64 { return limit(syscall.RLIMIT_AS) }},
	}
}

// ticks of a second in proc(5) (USER_HZ, on all of Go's platforms).
const ticks = 100

// stat is field n of /proc/self/stat, counted from 0.
func stat(n int) float64 {
	data, _ := os.ReadFile("/proc/self/stat")
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // from field 2 on; the program's name before it may hold anything
	if n -= 2; n >= len(fields) {
		return 0
	}
	return parse(fields[n])
}

func parse(text []byte) float64 {
	v, _ := strconv.ParseFloat(string(text), 64)
	return v
}

func startTime() float64 {
	data, _ := os.ReadFile("/proc/stat")
	for line := range bytes.Lines(data) {
		if boot, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			return parse(bytes.TrimSpace(boot)) + stat(21)/ticks
		}
	}
	return 0
}

func limit(which int) float64 {
	var l syscall.Rlimit
	_ = syscall.Getrlimit(which, &l)
	return float64(l.Cur)
}

func openFiles() float64 {
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	return float64(len(names) - 1) // without the directory itself
}

// network is a column of the two lines "IpExt:" of netstat.
func network(column string) float64 {
	data, _ := os.ReadFile("/proc/self/net/netstat")
	at := -1
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		switch {
		case len(fields) == 0 || string(fields[0]) != "IpExt:":
		case at < 0:
			for i, f := range fields {
				if string(f) == column {
					at = i
				}
			}
		case at < len(fields):
			return parse(fields[at])
		}
	}
	return 0
}
