package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sojourn/internal/bench/repogen"
	"sojourn/internal/sojourntest"
)

var (
	flagBigObjects = flag.Int("big.objects", 2_000, "objects of the repository that is taken through everything")
	flagBigRefs    = flag.Int("big.refs", 5_000, "its refs")
	flagBigSource  = flag.String("big.repository", "", "a bare repository to take instead, with branch main and its other branches in refs/heads/*/*/")
)

// maxRefsInPush is CodeCommit's limit.
const maxRefsInPush = 4_000

// steps is a table of what each step took, of the side that serves.
type steps struct {
	t     *testing.T
	table strings.Builder
}

// do runs a command and watches one process with all that it starts: the server,
// or with pid 0 the command itself, when it does the work.
func (s *steps) do(name string, c *exec.Cmd, pid int) string {
	s.t.Helper()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	begun := time.Now()
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	cpu, own := 0.0, pid == 0
	if own {
		pid = c.Process.Pid
	} else {
		cpu = cpuTicks(pid)
	}
	ended := make(chan error, 1)
	peak, last := 0, 0.0
	go func() { ended <- c.Wait() }()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				s.t.Fatalf("%s: %v: %s", name, err, out.String())
			}
			running = false
		case <-time.After(20 * time.Millisecond):
			peak, last = max(peak, anonymous(pid)), max(last, cpuTicks(pid))
		}
	}
	if own {
		last = float64(c.ProcessState.UserTime()+c.ProcessState.SystemTime()) / 1e7
	} else {
		last = max(last, cpuTicks(pid))
	}
	fmt.Fprintf(&s.table, "| %s | %.1f s | %.1f s | %d MiB |\n", name, time.Since(begun).Seconds(), (last-cpu)/100, peak>>10)
	return out.String()
}

// anonymous is the memory of a process and all that it has started, in KiB,
// without what is a file's; 0 where there is no /proc.
func anonymous(pid int) (sum int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		sum, _ = strconv.Atoi(fields[0])
	}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		list, _ := os.ReadFile(path)
		for _, text := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(text); err == nil {
				sum += anonymous(child)
			}
		}
	}
	return sum
}

// A repository of many objects and many refs is ordinary: it is pushed, cloned,
// fetched, listed, compacted, backed up, restored and checked, and each copy is the same.
func TestBigRepository(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	sh := page(t, sojourntest.At(t, p.data, "https://"+p.addr))
	for _, trace := range []string{"GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE_CURL_NO_DATA"} {
		sh.Set(trace, "") // as it is without
	}
	source := sh.In("source.git")
	if *flagBigSource != "" {
		sh.Run("git", "clone", "-q", "--mirror", "--local", *flagBigSource, source.Dir)
	} else if err := repogen.Make(t.Context(), source.Dir, repogen.Spec{Objects: *flagBigObjects, Refs: *flagBigRefs}); err != nil {
		t.Fatal(err)
	}
	s := &steps{t: t}
	server := p.cmd.Process.Pid
	refs := strings.Fields(source.Run("git", "for-each-ref", "--format=%(refname)"))
	s.do("push of main", source.Command("git", "push", "-q", remote, "main"), server)
	for _, part := range pushable(t, refs) {
		s.do(fmt.Sprintf("push of %d refs", part.refs), source.Command("git", append([]string{"push", "-q", remote}, part.patterns...)...), server)
	}
	list := func(name string) string { return s.do(name, sh.Command("git", "ls-remote", remote), server) }
	if got := strings.Count(list("ls-remote"), "refs/"); got < len(refs) {
		t.Errorf("%d refs are listed, want %d", got, len(refs))
	}
	s.do("clone, as pushed", sh.Command("git", "clone", "-q", "--mirror", remote, "first.git"), server)
	admin := func(name string, args ...string) string {
		return s.do(name, sh.Command("sojourn", append(append([]string{"admin"}, args...), "--data", p.data)...), 0)
	}
	admin("compaction into a base", "compact", "--all", "--base")
	s.do("clone, compacted", sh.Command("git", "clone", "-q", "--mirror", remote, "second.git"), server)
	s.do("shallow clone", sh.Command("git", "clone", "-q", "--depth", "1", remote, "shallow"), server)
	work := sh.In("shallow")
	write(t, work, "new", "new\n")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "One more")
	s.do("push of one commit", work.Command("git", "push", "-q", remote, "HEAD:refs/heads/main"), server)
	s.do("fetch of one commit", sh.In("second.git").Command("git", "fetch", "-q"), server)
	s.do("fetch of nothing", sh.In("second.git").Command("git", "fetch", "-q"), server)
	to, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
	admin("backup", "backup", "--to", to, "--root-keys")
	s.do("restore", sh.Command("sojourn", "admin", "restore", "--from", to, "--data", restored), 0)
	if out := admin("fsck", "fsck", "--all"); !strings.Contains(out, ": 0 problems") {
		t.Errorf("fsck: %s", out)
	}
	all := []string{"--all"}
	if want, got := objects(source, all), objects(sh.In("first.git"), all); want != got {
		t.Errorf("the clone's objects differ: %d and %d bytes of listing", len(want), len(got))
	}
	if want, got := source.Run("git", "for-each-ref"), sh.In("first.git").Run("git", "for-each-ref"); want != got {
		t.Errorf("the clone's refs differ: %d and %d bytes", len(want), len(got))
	}
	t.Logf("%d objects, %d refs, a pack of %s\n%s", strings.Count(source.Run("git", "rev-list", "--objects", "--all"), "\n"), len(refs), packSize(source.Dir), s.table.String())
}

// part is what one push may bring.
type part struct {
	patterns []string
	refs     int
}

// pushable divides refs into pushes, by patterns: git looks for each ref that is
// named in all others.
func pushable(t *testing.T, refs []string) (list []part) {
	t.Helper()
	count, order := map[string]int{}, []string{}
	for _, ref := range refs {
		dir := ref[:strings.LastIndexByte(ref, '/')] + "/*"
		if dir == "refs/heads/*" {
			continue // main, which is there
		}
		if count[dir]++; count[dir] == 1 {
			order = append(order, dir)
		}
	}
	for _, dir := range order {
		if n := count[dir]; n > maxRefsInPush {
			t.Fatalf("-big.refs: %s has %d refs, and a push may have %d", dir, n, maxRefsInPush)
		}
		if len(list) == 0 || list[len(list)-1].refs+count[dir] > maxRefsInPush {
			list = append(list, part{})
		}
		last := &list[len(list)-1]
		last.patterns, last.refs = append(last.patterns, dir+":"+dir), last.refs+count[dir]
	}
	return list
}

func packSize(dir string) string {
	packs, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	var sum int64
	for _, path := range packs {
		if info, err := os.Stat(path); err == nil {
			sum += info.Size()
		}
	}
	return fmt.Sprintf("%.1f MiB", float64(sum)/(1<<20))
}
