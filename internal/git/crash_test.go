package git_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/store"
)

// serveUntilKilled is the server of the crash tests, in a process of its own.
// It kills itself at the point that its environment names.
func serveUntilKilled(data string) {
	at := os.Getenv("SOJOURN_CRASH_AT")
	if err := ignoreFlushes(os.Getenv("SOJOURN_CRASH_WEAK")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	n, err := openNode(context.Background(), data, &rules{}, os.Stderr, func(o *git.Options) {
		o.Events = []string{"log", "webhook"}
		if os.Getenv("SOJOURN_CRASH_SWEEP") != "" {
			everythingIsOld(o)
		}
		o.Hook = func(point string) {
			if point == at {
				if p, err := os.FindProcess(os.Getpid()); err == nil {
					p.Kill()
				}
				select {}
			}
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(n.url)
	if err := crashing[os.Getenv("SOJOURN_CRASH_IN")](n.engine); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

// crashing is what a server that is to die does by itself.
var crashing = map[string]func(*git.Engine) error{
	"": func(*git.Engine) error { return nil },
	"compaction": func(e *git.Engine) error {
		_, err := e.Compact(context.Background(), demoID, git.CompactGeometric)
		return err
	},
	"base": func(e *git.Engine) error {
		_, err := e.Compact(context.Background(), demoID, git.CompactBase)
		return err
	},
	"purge": func(e *git.Engine) error {
		_, err := e.Purge(context.Background(), demoID, nil)
		return err
	},
}

// everythingIsOld makes a sweeper take all that may go.
func everythingIsOld(o *git.Options) { o.UploadGrace, o.TrashGrace = -time.Hour, -time.Hour }

// victim is a server that is killed and started again on the same data.
type victim struct {
	*server
	cmd *exec.Cmd
}

func newVictim(t *testing.T) *victim {
	s := start(t)
	s.close()
	v := &victim{server: s}
	t.Cleanup(v.kill)
	return v
}

func (v *victim) start(crashAt string) {
	v.t.Helper()
	if err := v.tryStart("SOJOURN_CRASH_AT=" + crashAt); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) tryStart(env string) error {
	v.cmd = exec.Command(os.Args[0])
	v.cmd.Env = append(os.Environ(), "SOJOURN_CRASH_DATA="+v.dir, env)
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the server says %q, %w", line, err)
	}
	v.url = strings.TrimSpace(line)
	return nil
}

func (v *victim) kill() {
	if v.cmd != nil {
		v.cmd.Process.Kill()
		v.cmd.Wait()
		v.cmd = nil
	}
}

// orphans are processes of the dead server's, known by their environment.
func (v *victim) orphans() (found []string) {
	procs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range procs {
		if env, err := os.ReadFile(path); err == nil && bytes.Contains(env, []byte("="+v.dir+"/cache")) {
			found = append(found, filepath.Dir(path))
		}
	}
	return found
}

// sweep opens the data once with a sweeper that takes everything for old, and
// counts what is there then: a pack and its index for each pack in the list.
func (v *victim) sweep() {
	v.t.Helper()
	v.kill()
	waitFor(v.t, "the dead server's processes to end", func() bool { return len(v.orphans()) == 0 })
	v.open(everythingIsOld)
	blobs := 0
	v.view(func(tx store.Tx) error {
		list, err := tx.Packs(demoID)
		for i := range list {
			blobs += len(git.PackFiles(&list[i]))
		}
		return err
	})
	v.close()
	v.noneLeft(blobs)
}

func (v *victim) noneLeft(want int) {
	v.t.Helper()
	if blobs := files(v.t, v.dir+"/objects"); len(blobs) != want {
		v.t.Errorf("%d blobs are listed, stored are %q", want, blobs)
	}
	for _, part := range []string{"gens", "views", "incoming", "upkeep"} {
		if left := files(v.t, filepath.Join(v.dir, "cache", part)); len(left) > 0 {
			v.t.Errorf("left: %q", left)
		}
	}
}

// sound clones all of demo and checks it.
func (v *victim) sound() clone {
	v.t.Helper()
	c := v.in("sound")
	os.RemoveAll(c.dir)
	v.user().git("clone", "-q", "--mirror", v.url, "sound")
	c.git("fsck", "--full", "--strict", "--no-dangling")
	return c
}

// TestCrashMatrix kills the server at each point of a push: afterwards the refs
// are the old ones or, if the commit was reached, the new ones; what is there is
// sound; the push can be made again; and nothing is left over.
func TestCrashMatrix(t *testing.T) {
	kinds := map[string][]string{
		"update":          {"main"},
		"create and more": {"main", "main:refs/heads/new", "v1", ":refs/heads/old"},
		"no pack":         {"main~1:refs/heads/new", ":refs/heads/old"},
	}
	for _, point := range git.Failpoints() {
		for kind, refs := range kinds {
			if point.Of != "push" || kind == "no pack" && (strings.Contains(point.Name, "put") || point.Name == "after-index-pack" || point.Name == "after-intent") {
				continue
			}
			t.Run(point.Name+" "+kind, func(t *testing.T) {
				t.Parallel()
				v := newVictim(t)
				w := v.work("work")
				v.start("")
				w.git("push", "-q", v.url, "main", "main:refs/heads/old")
				v.kill()
				w.commit("two", "2\n")
				w.git("tag", "-a", "-m", "A tag", "v1")

				v.start(point.Name)
				before := v.refs() // the server that will die can still read
				w.fails(append([]string{"push", v.url}, refs...)...)
				v.kill()

				v.start("")
				after := v.refs()
				if changed := after != before; changed != point.Done {
					t.Errorf("refs before\n%s\nafter\n%s", before, after)
				}
				v.sound()
				w.git(append([]string{"push", "-q", v.url}, refs...)...)
				if !strings.Contains(strings.Join(refs, " "), "main~1") {
					v.same(w, v.sound(), "main")
				}
				if strings.Contains(v.refs(), "heads/old") != (kind == "update") {
					t.Errorf("after another push:\n%s", v.refs())
				}
				v.sweep()
				v.eventForEachChange()
			})
		}
	}
}

// TestCrashedSweeps kills the sweeper at each of its points: what is served stays
// sound, and the next sweep finds what this one left.
func TestCrashedSweeps(t *testing.T) {
	for _, point := range git.Failpoints() {
		if point.Of != "sweep" {
			continue
		}
		t.Run(point.Name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t)
			w := v.work("work")
			v.start("")
			w.git("push", "-q", v.url, "main")
			w.git("checkout", "-q", "-b", "gone")
			w.commit("gone", "1\n")
			w.git("push", "-q", v.url, "gone")
			w.git("push", "-q", v.url, "--delete", "gone")
			w.git("checkout", "-q", "main")
			w.commit("two", "2\n")
			v.kill()
			v.start("after-put") // and so an upload that is never committed
			w.fails("push", v.url, "main")
			v.kill()
			v.trashSecondPack()

			v.dies(point.Name, "SOJOURN_CRASH_SWEEP=1")
			v.start("")
			before := v.refs()
			v.sound()
			w.git("push", "-q", v.url, "main")
			v.same(w, v.sound(), "main")
			if v.refs() == before {
				t.Error("the push that was cut off cannot be made again")
			}
			v.sweep()
		})
	}
}

// trashSecondPack takes the second pack from the list, as a purge does.
func (v *victim) trashSecondPack() {
	v.t.Helper()
	v.open()
	err := v.store.Update(v.t.Context(), func(tx store.Tx) error {
		row, err := tx.LockRepository(demoID)
		if err != nil {
			return err
		}
		packs, err := tx.Packs(demoID)
		if err != nil {
			return err
		}
		row.Version, row.GCEpoch, row.PackGen = row.Version+1, row.GCEpoch+1, row.PackGen+1
		return errors.Join(tx.DeletePacks(demoID, []string{packs[1].ID}, time.Now().Unix()), tx.UpdateRepository(row))
	})
	v.close()
	if err != nil {
		v.t.Fatal(err)
	}
}

// dies starts a server that by what it does by itself comes to a point, and kills itself there.
func (v *victim) dies(point, does string) {
	v.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SOJOURN_CRASH_DATA="+v.dir, "SOJOURN_CRASH_AT="+point, does)
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !late.Stop() {
		v.t.Fatalf("%s has not come to %s", does, point)
	}
}

// TestFailpointsAreReached: each point belongs to something that a test of this
// package crashes.
func TestFailpointsAreReached(t *testing.T) {
	for _, p := range git.Failpoints() {
		if !slices.Contains([]string{"push", "repack", "purge", "sweep"}, p.Of) {
			t.Errorf("no test crashes %q at %s", p.Of, p.Name)
		}
	}
}

// TestKilledInPushes kills the server at a random moment of each of 50 pushes.
func TestKilledInPushes(t *testing.T) {
	v := newVictim(t)
	w := v.work("work")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	v.start("")
	w.git("push", "-q", v.url, "main")
	cut, there := 0, w.git("rev-parse", "HEAD")
	for i := range 50 {
		id := w.commit("file", strings.Repeat(fmt.Sprint(i), 1000))
		pushed := make(chan error, 1)
		go func() { pushed <- w.command("push", "-q", v.url, "main", "main:refs/heads/two").Run() }()
		time.Sleep(time.Duration(random.IntN(80)) * time.Millisecond)
		v.kill()
		err := <-pushed
		v.start("")
		refs := v.refs()
		done := strings.Contains(refs, id+"\trefs/heads/main")
		switch {
		case err == nil && !done:
			t.Fatalf("push %d of %s was acknowledged, and the server has\n%s", i, id, refs)
		case done != strings.Contains(refs, id+"\trefs/heads/two"):
			t.Fatalf("push %d of %s is half done:\n%s", i, id, refs)
		case !done && !strings.Contains(refs, there+"\trefs/heads/main"):
			t.Fatalf("push %d: the server had %s, now\n%s", i, there, refs)
		case done:
			there = id
		default:
			cut++ // the next push brings this one's commit too
		}
		if i%5 == 0 {
			v.sound()
		}
	}
	t.Logf("%d of 50 pushes were cut off", cut)
	w.git("push", "-q", v.url, "main", "main:refs/heads/two")
	v.same(w, v.sound(), "main")
	v.sweep()
}
