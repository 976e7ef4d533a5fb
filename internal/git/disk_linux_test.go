package git_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// disk is a file system of its own, in a file that is mounted, which takes root.
type disk struct {
	t          testing.TB
	image, dir string
	mounted    bool
}

func newDisk(t testing.TB, mib int) *disk {
	t.Helper()
	d := &disk{t: t, image: filepath.Join(t.TempDir(), "image"), dir: t.TempDir()}
	f, err := os.Create(d.image)
	if err == nil {
		err = errors.Join(f.Truncate(int64(mib)<<20), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	d.run("mkfs.ext4", "-q", "-F", "-m", "0", d.image)
	t.Cleanup(d.unmount)
	d.mount()
	return d
}

func (d *disk) run(name string, args ...string) string {
	d.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %q: %v: %s (this test needs root and loop devices)", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// mount keeps ext4 from writing by itself what nobody has flushed.
func (d *disk) mount() {
	d.t.Helper()
	d.run("mount", "-o", "loop,errors=remount-ro,commit=300", d.image, d.dir)
	d.mounted = true
}

func (d *disk) unmount() {
	if !d.mounted {
		return
	}
	d.mounted = false
	var out []byte
	for range 300 { // processes that were killed may still be there
		runtime.GC() // a closed store's map of the WAL-index ends with it
		var err error
		if out, err = exec.Command("umount", d.dir).CombinedOutput(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.t.Errorf("umount: %s", out)
}

// ballast is the file that fills a disk.
func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill leaves not one byte.
func (d *disk) fill() {
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return // not even an inode
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for {
			if _, err := f.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
}

func (d *disk) free() {
	if err := os.Remove(d.ballast()); err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Error(err)
	}
}

// breakDown makes the disk read-only as ext4 does after an error of the device:
// under files that are open for writing.
func (d *disk) breakDown() {
	device := strings.TrimPrefix(strings.SplitN(d.run("losetup", "-j", d.image), ":", 2)[0], "/dev/")
	if err := os.WriteFile("/sys/fs/ext4/"+device+"/trigger_fs_error", []byte("1"), 0o200); err != nil {
		d.t.Errorf("making the disk read-only: %v", err)
	}
}

// repair checks the disk as a machine that starts does, and mounts it again.
func (d *disk) repair() {
	d.t.Helper()
	d.unmount()
	out, err := exec.Command("e2fsck", "-fy", d.image).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() > 1) {
		d.t.Fatalf("e2fsck: %v: %s", err, out)
	}
	d.mount()
}

// losePower is what it says: what nobody has flushed is gone, and nothing is written any more.
func (d *disk) losePower() {
	const shutdown, noFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	f, err := os.Open(d.dir)
	if err == nil {
		err = errors.Join(unix.IoctlSetPointerInt(int(f.Fd()), shutdown, noFlush), f.Close())
	}
	if err != nil {
		d.t.Fatalf("cutting the disk's power: %v", err)
	}
}

// faulty is a server whose disk fails at a point.
type faulty struct {
	*server
	disk *disk
	at   string
	fail func()
}

func newFaulty(t *testing.T) *faulty {
	d := newDisk(t, 48)
	f := &faulty{disk: d, server: &server{t: t, dir: filepath.Join(d.dir, "data"), home: t.TempDir(), gate: &rules{}}}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f.server.close = func() {}
	t.Cleanup(func() { f.server.close() })
	return f
}

func (f *faulty) run() {
	f.t.Helper()
	f.open(func(o *git.Options) {
		o.Hook = func(at string) {
			if at == f.at {
				f.at = ""
				f.fail()
			}
		}
	})
}

// pointsOf are the points of a kind of work, and its begin.
func pointsOf(of string) []string {
	points := []string{"begin"}
	for _, p := range git.Failpoints() {
		if p.Of == of {
			points = append(points, p.Name)
		}
	}
	return points
}

// arm has the disk fail at a point, or now.
func (f *faulty) arm(point string, fail func()) {
	f.at, f.fail = point, fail
	if point == "begin" {
		f.at = ""
		fail()
	}
}

// tries is a push beside a fault: it succeeds, or is refused with one clear
// message and changes nothing.
func (f *faulty) tries(w clone, point string) (done bool) {
	f.t.Helper()
	before := f.row().Version
	out, err := w.command("push", "origin", "main").CombinedOutput()
	if err == nil {
		return true
	}
	const want = "! [remote rejected] main -> main (the server cannot write to its disk, which is full or read-only; nothing was changed: tell its administrator, and push again)"
	if !strings.Contains(string(out), want) || strings.Contains(string(out), f.dir) {
		f.t.Errorf("at %s git says:\n%s", point, out)
	}
	if now := f.row().Version; now != before {
		f.t.Errorf("at %s: the version was %d, is %d", point, before, now)
	}
	return false
}

// TestFullDisk fills the disk at each point of a push, a compaction and a sweep,
// and under what only changes metadata: each is refused or done, nothing is
// lost, and all works again when there is room.
func TestFullDisk(t *testing.T) {
	f := newFaulty(t)
	f.run()
	f.createRepository("demo", demoID)
	w := f.work("work")
	w.git("push", "-q", "origin", "main")
	refused := map[string]bool{}
	for _, point := range pointsOf("push") {
		w.commit("file "+point, noise(1<<20))
		f.arm(point, f.disk.fill)
		refused[point] = !f.tries(w, point)
		f.disk.free()
		w.git("push", "-q", "origin", "main")
		f.same(w, f.mirror("mirror"), "main")
	}
	for _, point := range []string{"begin", "after-index-pack"} {
		if !refused[point] {
			t.Errorf("a push was done though the disk was full at %s", point)
		}
	}
	for i, point := range pointsOf("repack") {
		w.pushes(10*i, 3)
		before := packIDs(f.server)
		f.arm(point, f.disk.fill)
		_, err := f.engine.Compact(t.Context(), demoID, git.CompactBase)
		f.disk.free()
		if same := slices.Equal(packIDs(f.server), before); err != nil && !same && point != "repack-after-commit" {
			t.Errorf("a compaction failed at %s, %v, and changed the packs", point, err)
		}
		if point == "begin" && err == nil {
			t.Error("a compaction was done on a full disk")
		}
		f.at = ""
		f.dropLease("compact/" + demoID)
		f.same(w, f.mirror("mirror"), "main")
		f.compact(git.CompactBase)
		f.same(w, f.mirror("mirror"), "main")
	}

	f.disk.fill()
	results, err := f.engine.UpdateRefs(t.Context(), demoID, "actor", []git.RefUpdate{{Name: "refs/heads/new", New: w.git("rev-parse", "main")}}, false)
	if err != nil && !errors.Is(err, store.ErrDisk) {
		t.Errorf("a change of metadata: %v %v", results, err)
	}
	f.disk.free()
	if made := strings.Contains(f.refs(), "heads/new"); made != (err == nil) {
		t.Errorf("the new ref is there: %v, after %v", made, err)
	}

	f.server.close()
	f.disk.fill()
	if n, err := openNode(t.Context(), f.dir, f.gate, logs{t}); err == nil {
		n.close()
		t.Error("a server has started on a full disk")
	} else if !strings.Contains(err.Error(), "cannot write to its disk") && !errors.Is(err, unix.ENOSPC) {
		t.Errorf("on a full disk a server says: %v", err)
	}
	f.disk.free()
	for _, point := range pointsOf("sweep") {
		f.sweeps(point)
	}
	(&victim{server: f.server}).sweep()
	f.run()
	f.same(w, f.mirror("mirror"), "main")
	if c := f.fsck(); len(c.Problems) > 0 {
		t.Errorf("problems %+v", c.Problems)
	}
}

// sweeps fills the disk at a point of a sweep, and lets another one follow.
func (f *faulty) sweeps(point string) {
	f.t.Helper()
	f.open(func(o *git.Options) { o.SweepEvery = time.Hour })
	w := f.in("work")
	w.git("remote", "set-url", "origin", f.url)
	w.commit("file "+point, noise(10<<10))
	w.git("push", "-q", "origin", "main")
	f.compact(git.CompactBase) // puts packs into the trash
	f.server.close()
	if point == "begin" {
		point = "sweep-done" // of a first sweep that finds nothing to do
	}
	f.arm(point, f.disk.fill)
	f.open(everythingIsOld, func(o *git.Options) {
		o.SweepEvery = 20 * time.Millisecond
		o.Hook = func(at string) {
			if at == f.at {
				f.at = ""
				f.fail()
			}
		}
	})
	waitFor(f.t, "some sweeps", func() bool { return f.engine.Stats().Sweeps > 2 })
	f.disk.free()
	f.server.close()
}

// TestReadOnlyDisk has the disk become read-only at points of a push and of a
// compaction: what was acknowledged is there after the repair, and what was
// refused can be done.
func TestReadOnlyDisk(t *testing.T) {
	f := newFaulty(t)
	f.run()
	f.createRepository("demo", demoID)
	w := f.work("work")
	w.git("push", "-q", "origin", "main")
	after := func(point string) {
		f.server.close = func() {}
		f.shut() // in vain, in part
		f.disk.repair()
		f.run()
		w.git("remote", "set-url", "origin", f.url)
		if c := f.fsck(); len(c.Problems) > 0 {
			t.Errorf("at %s: problems %+v", point, c.Problems)
		}
	}
	for _, point := range []string{"begin", "after-intent", "after-put", "inside-commit", "before-report"} {
		id := w.commit("file "+point, noise(100<<10))
		f.arm(point, f.disk.breakDown)
		done := f.tries(w, point)
		if done != (point == "before-report") {
			t.Errorf("at %s a push was done: %v", point, done)
		}
		after(point)
		if there := strings.Contains(f.refs(), id); there != done {
			t.Errorf("at %s a push was acknowledged: %v, and is there: %v", point, done, there)
		}
		w.git("push", "-q", "origin", "main")
		f.same(w, f.mirror("mirror"), "main")
	}
	for _, point := range []string{"begin", "repack-after-put", "repack-inside-commit"} {
		f.dropLease("compact/" + demoID)
		before := packIDs(f.server)
		f.arm(point, f.disk.breakDown)
		if _, err := f.engine.Compact(t.Context(), demoID, git.CompactBase); err == nil {
			t.Errorf("at %s a compaction was done", point)
		}
		after(point)
		if !slices.Equal(packIDs(f.server), before) {
			t.Errorf("at %s packs were %q, are %q", point, before, packIDs(f.server))
		}
		f.same(w, f.mirror("mirror"), "main")
	}
	f.dropLease("compact/" + demoID)
	f.compact(git.CompactBase)
	f.same(w, f.mirror("mirror"), "main")
	f.server.close()
	(&victim{server: f.server}).sweep()
}
