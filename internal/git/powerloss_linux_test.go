package git_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var powerLosses = flag.Int("git.powerlosses", 1, "how often TestPowerLoss takes the power from each server")

// TestPowerLoss takes the power from a disk while clients push: all that was
// acknowledged is there afterwards, and what is there is sound. Servers whose
// flushes to the disk do nothing are the control: they must lose something.
func TestPowerLoss(t *testing.T) {
	for _, weak := range []string{"", "fsync,fdatasync"} {
		t.Run("ignored flushes: "+weak, func(t *testing.T) {
			acked, lost := 0, 0
			for range *powerLosses {
				n, problems := losePower(t, weak)
				acked += n
				if len(problems) > 0 {
					lost++
				}
				if weak == "" && len(problems) > 0 {
					t.Errorf("lost: %s", strings.Join(problems, "; "))
				}
			}
			if t.Logf("%d pushes acknowledged; something lost in %d of %d power losses", acked, lost, *powerLosses); weak != "" && lost != *powerLosses {
				t.Error("the control lost nothing: the test proves nothing")
			}
		})
	}
}

// losePower tells how many pushes were acknowledged, and what is wrong when the
// power is back.
func losePower(t *testing.T, weak string) (acked int, problems []string) {
	d := newDisk(t, 128)
	defer d.unmount()
	seed := start(t)
	seed.close()
	v := &victim{server: &server{t: t, dir: filepath.Join(d.dir, "data"), home: t.TempDir(), gate: &rules{}}}
	defer v.kill()
	if err := os.CopyFS(v.dir, os.DirFS(seed.dir)); err != nil {
		t.Fatal(err)
	}
	d.run("sync", "-f", d.dir)
	if err := v.tryStart("SOJOURN_CRASH_WEAK=" + weak); err != nil {
		t.Fatal(err)
	}
	var clients [2]pusher
	var wg sync.WaitGroup
	enough, stop := make(chan bool, 1000), make(chan bool)
	for i := range clients {
		p := &clients[i]
		p.clone, p.ref = v.work(fmt.Sprint("client", i)), fmt.Sprint("refs/heads/c", i)
		wg.Go(func() { p.run(v.url, enough, stop) })
	}
	for range 6 {
		select {
		case <-enough:
		case <-time.After(time.Minute):
			t.Fatal("no pushes succeed")
		}
	}
	time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	d.losePower()
	close(stop)
	wg.Wait()
	v.kill()
	waitFor(t, "the server's processes to end", func() bool { return len(v.orphans()) == 0 })
	d.unmount()
	d.mount()
	for _, p := range clients {
		acked += p.acked
	}
	return acked, v.survey(clients[:])
}

// pusher pushes one commit after the other to a ref of its own.
type pusher struct {
	clone
	ref         string
	acked       int
	last, tried string // of what was acknowledged, and the last attempt
}

func (p *pusher) run(url string, enough, stop chan bool) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		p.write("file", strings.Repeat(fmt.Sprintln("line", i), 100))
		if p.command("commit", "-q", "-a", "--allow-empty", "-m", fmt.Sprint(i)).Run() != nil {
			return
		}
		id, err := p.command("rev-parse", "HEAD").Output()
		if err != nil {
			return
		}
		p.tried = strings.TrimSpace(string(id))
		if p.command("push", "-q", url, "HEAD:"+p.ref).Run() != nil {
			return
		}
		p.last = p.tried
		p.acked++
		enough <- true
	}
}

// survey is what is wrong with what a server finds.
func (v *victim) survey(clients []pusher) (problems []string) {
	if err := v.tryStart(""); err != nil {
		return []string{"the server does not start: " + err.Error()}
	}
	refs, err := v.user().command("ls-remote", v.url).CombinedOutput()
	if err != nil {
		problems = append(problems, fmt.Sprintf("refs cannot be read: %s", refs))
	}
	for _, p := range clients {
		now := ""
		for line := range strings.Lines(string(refs)) {
			if oid, ref, _ := strings.Cut(strings.TrimSpace(line), "\t"); ref == p.ref {
				now = oid
			}
		}
		if now != p.last && now != p.tried {
			problems = append(problems, fmt.Sprintf("%s was acknowledged as %s and is %q", p.ref, p.last, now))
		}
	}
	if out, err := v.user().command("clone", "-q", "--mirror", v.url, "after").CombinedOutput(); err != nil {
		return append(problems, fmt.Sprintf("it cannot be cloned: %s", out))
	}
	if out, err := v.in("after").command("fsck", "--full", "--strict", "--no-dangling").CombinedOutput(); err != nil {
		problems = append(problems, fmt.Sprintf("fsck: %s", out))
	}
	return problems
}
