//go:build linux

package soak

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // database/sql finds it by name
)

// sample is what a server holds at a moment, by name.
type sample map[string]float64

// process reads /proc: the server and all that it has started.
func (w *world) process(s sample) error {
	pid := w.cmd.Process.Pid
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "RssAnon":
			s["anonymous MiB"] = n / 1024
		case "VmRSS":
			s["resident MiB"] = n / 1024
		case "Threads":
			s["threads"] = n
		}
	}
	if err := w.descriptors(s); err != nil {
		return err
	}
	s["child processes"] = float64(len(children(pid)))
	return nil
}

// descriptors counts those that are open. Two kinds have bounds of their own: the
// database's, which is read by as many connections as there were readers at a time,
// and those of answers to fetches, which are kept for a version of a repository.
func (w *world) descriptors(s sample) error {
	dir := fmt.Sprintf("/proc/%d/fd", w.cmd.Process.Pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	s["descriptors"], s["database connections"], s["database descriptors"], s["kept answers"] = 0, 0, 0, 0
	for _, fd := range fds {
		file, err := os.Readlink(filepath.Join(dir, fd.Name()))
		switch {
		case err != nil: // closed meanwhile
		case strings.HasPrefix(file, filepath.Join(w.data, "sojourn.db")):
			s["database descriptors"]++
			if strings.HasSuffix(file, "-wal") {
				s["database connections"]++
			}
		case strings.HasPrefix(file, filepath.Join(w.data, "cache", "answers")):
			s["kept answers"]++
		default:
			s["descriptors"]++
		}
	}
	return nil
}

// children are the processes that a process has started, and theirs. The dead
// that nobody has waited for are among them.
func children(pid int) (list []int) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, path := range lists {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		for _, text := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(text); err == nil {
				list = append(append(list, child), children(child)...)
			}
		}
	}
	return list
}

// metrics reads /metrics: the labels of a metric are added up.
func (w *world) metrics(ctx context.Context, s sample) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/metrics", nil)
	if err != nil {
		return err
	}
	body, err := answer(w.http, r)
	if err != nil {
		return err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(body)) {
		if line[0] == '#' {
			continue
		}
		i := strings.LastIndexByte(strings.TrimSpace(line), ' ')
		name, _, _ := strings.Cut(line[:i], "{")
		n, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64)
		if err != nil {
			return fmt.Errorf("metrics: %q: %w", line, err)
		}
		all[name] += n
	}
	for metric, name := range map[string]string{
		"go_goroutines": "goroutines", "go_memstats_heap_alloc_bytes": "heap MiB", "sojourn_git_processes": "git processes", "sojourn_git_queue": "git queue",
		"sojourn_git_views": "views", "sojourn_git_generations": "generations", "sojourn_git_warm_repositories": "warm repositories",
	} {
		s[name] = all[metric]
	}
	s["heap MiB"] /= 1 << 20
	s["Go's memory MiB"] = (all["go_memstats_sys_bytes"] - all["go_memstats_heap_released_bytes"]) / (1 << 20)
	s["goroutines"] -= s["database connections"] // database/sql has one for each
	return nil
}

// tables that grow with what is done; all others are taken together.
var tables = []string{"pushes", "ref_log", "refs", "packs", "pack_trash", "uploads", "outbox", "used_assertions", "revocations", "maint_leases"}

// rows counts the rows of all tables, by a connection that can only read.
func (w *world) rows(ctx context.Context, s sample) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.data, "sojourn.db")+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	names, err := column(ctx, db, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return err
	}
	s["rows of other tables"] = 0
	for name := range names {
		var n float64
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM "`+name+`"`).Scan(&n); err != nil {
			return err
		}
		if slices.Contains(tables, name) {
			s["rows of "+name] = n
		} else {
			s["rows of other tables"] += n
		}
	}
	packs, err := column(ctx, db, "SELECT id FROM packs UNION SELECT id FROM pack_trash UNION SELECT id FROM uploads")
	if err != nil {
		return err
	}
	return w.objects(s, packs)
}

func column(ctx context.Context, db *sql.DB, query string) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all[text] = true
	}
	return all, rows.Err()
}

// objects counts the files of the object store, and those that no row knows.
func (w *world) objects(s sample, packs map[string]bool) error {
	missing := maps.Clone(packs)
	s["object files"], s["object files of no row"] = 0, 0
	err := filepath.WalkDir(filepath.Join(w.data, "objects"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		s["object files"]++
		id := strings.TrimSuffix(e.Name(), filepath.Ext(path))
		if !packs[id] {
			s["object files of no row"]++
		}
		delete(missing, id)
		return nil
	})
	s["packs without files"] = float64(len(missing))
	return err
}

// files counts what is below TMPDIR and in each part of the data directory.
func (w *world) files(s sample) error {
	for name, dir := range map[string]string{"temporary": w.tmp, "cache": filepath.Join(w.data, "cache"), "audit": filepath.Join(w.data, "audit"), "data": w.data} {
		count, size, err := tree(dir)
		if err != nil {
			return err
		}
		s[name+" files"], s[name+" MiB"] = count, size/(1<<20)
	}
	database, err := os.Stat(filepath.Join(w.data, "sojourn.db"))
	if err != nil {
		return err
	}
	s["database MiB"] = float64(database.Size()) / (1 << 20)
	s["other files"] = s["data files"] - s["cache files"] - s["audit files"] - s["object files"]
	info, err := os.Stat(filepath.Join(w.data, "sojourn.db-wal"))
	if err != nil {
		return err
	}
	s["write-ahead log MiB"] = float64(info.Size()) / (1 << 20)
	return w.auditLines(s)
}

// tree counts files, each name; bytes that several names share are counted once.
func tree(dir string) (count, size float64, err error) {
	seen := map[any]bool{}
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) { // it was removed meanwhile
				return nil
			}
			return err
		}
		info, err := e.Info()
		if err != nil || e.IsDir() {
			return nil // gone, or none
		}
		count++
		if id := inode(info); !seen[id] {
			seen[id] = true
			size += float64(info.Size())
		}
		return nil
	})
	return count, size, err
}

// inode tells names of one file from names of two.
func inode(info fs.FileInfo) any {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return info
}

func (w *world) auditLines(s sample) error {
	list, err := filepath.Glob(filepath.Join(w.data, "audit", "*.jsonl"))
	if err != nil {
		return err
	}
	s["audit records"] = 0
	for _, path := range list {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		r := bufio.NewScanner(f)
		r.Buffer(nil, 16<<20)
		for r.Scan() {
			s["audit records"]++
		}
		if err := r.Err(); err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

// busy samples the server under load until ctx ends, and notes the least of what
// jumps and the most of what may have a peak.
func (w *world) busy(ctx context.Context) (least, most sample) {
	least, most = sample{}, sample{}
	for tick := time.NewTicker(500 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return least, most
		case <-tick.C:
		}
		s := sample{}
		if w.process(s) != nil || w.metrics(context.WithoutCancel(ctx), s) != nil {
			continue // it is asked again
		}
		for name, n := range s {
			if old, ok := least[name]; !ok || n < old {
				least[name] = n
			}
			most[name] = max(most[name], n)
		}
	}
}

// rest waits until the server does nothing, and then samples it. Connections
// that are kept alive are closed before.
func (w *world) rest(ctx context.Context) (sample, error) {
	var last sample
	deadline := time.Now().Add(time.Minute)
	for still := 0; ; {
		s := sample{}
		if err := w.process(s); err != nil {
			return nil, err
		}
		if err := w.metrics(ctx, s); err != nil {
			return nil, err
		}
		w.http.CloseIdleConnections()
		if last != nil && s["child processes"] == last["child processes"] && s["git processes"] == 0 && s["descriptors"] == last["descriptors"] && s["goroutines"] == last["goroutines"] {
			still++
		} else {
			still = 0
		}
		if last = s; still == 3 || time.Now().After(deadline) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, read := range []func() error{func() error { return w.rows(ctx, last) }, func() error { return w.files(last) }} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return last, nil
}
