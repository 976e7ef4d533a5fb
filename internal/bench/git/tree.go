package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ticks of a second in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const ticks = 100

// tree is a server's processes: the ones that were started and their descendants.
type tree struct {
	roots []int
	group cgroup
}

// status is what /proc/PID/stat says of a process that lives.
type status struct {
	parent int
	cpu    time.Duration // its own and that of the children that it has waited for
}

func readStatus(path string) (s status, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	// The name in parentheses may hold anything; behind it: state, parent, …
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return s, fmt.Errorf("%s has %d fields", path, len(f))
	}
	s.parent, err = strconv.Atoi(f[1])
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, bad := strconv.ParseInt(field, 10, 64)
		err = errors.Join(err, bad)
		s.cpu += time.Duration(n) * time.Second / ticks
	}
	return s, err
}

// living finds the processes of the tree.
func (t tree) living() map[int]status {
	all := map[int]status{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if s, err := readStatus(path); err == nil {
			all[pid] = s
		}
	}
	ours := map[int]status{}
	for pid := range all {
		for at := pid; at > 1; at = all[at].parent {
			if t.has(at) {
				ours[pid] = all[pid]
				break
			}
		}
	}
	return ours
}

func (t tree) has(pid int) bool {
	for _, root := range t.roots {
		if pid == root {
			return true
		}
	}
	return false
}

// cpu is the processor time of the whole tree so far. Without a cgroup, what a
// process took that nobody waited for is lost.
func (t tree) cpu() (sum time.Duration) {
	if t.group != "" {
		if used, err := t.group.cpu(); err == nil {
			return used
		}
	}
	for _, s := range t.living() {
		sum += s.cpu
	}
	return sum
}

// memory sums anonymous and resident memory of the tree, in bytes.
func (t tree) memory() (anon, rss int64) {
	for pid := range t.living() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			name, value, _ := strings.Cut(line, ":")
			f := strings.Fields(value)
			if len(f) != 2 || name != "RssAnon" && name != "VmRSS" {
				continue
			}
			kib, _ := strconv.ParseInt(f[0], 10, 64)
			if name == "VmRSS" {
				rss += kib << 10
			} else {
				anon += kib << 10
			}
		}
	}
	return anon, rss
}

// watch notes the most anonymous memory that the tree has until stop is called,
// looking every 20 ms.
func (t tree) watch() (stop func() (peak int64)) {
	var (
		wg   sync.WaitGroup
		peak int64
		done = make(chan struct{})
	)
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			anon, _ := t.memory()
			peak = max(peak, anon)
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() int64 {
		close(done)
		wg.Wait()
		return peak
	}
}
