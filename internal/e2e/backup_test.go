package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
	"sojourn/internal/sojourntest/lightgit"
)

// pusher pushes small commits to a branch of its own as fast as it can.
type pusher struct {
	t          *testing.T
	url, ref   string
	user, pass string
	client     *http.Client

	mu    sync.Mutex
	acked []string // the branch's tips, as they were acknowledged
}

func (p *pusher) run(stop *atomic.Bool) {
	old := ""
	for n := 0; !stop.Load(); n++ {
		id, pack := lightgit.Commit(old, p.ref[len("refs/heads/"):], n)
		req, _ := http.NewRequest(http.MethodPost, p.url+"/git-receive-pack", bytes.NewReader(lightgit.PushBody(p.ref, old, id, pack)))
		req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		req.SetBasicAuth(p.user, p.pass)
		res, err := p.client.Do(req)
		if err != nil {
			p.t.Error(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(body), "ok "+p.ref) {
			p.t.Errorf("%s: %s %q", p.ref, res.Status, body)
			return
		}
		p.mu.Lock()
		p.acked, old = append(p.acked, id), id
		p.mu.Unlock()
	}
}

func (p *pusher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.acked)
}

// A backup that is made while others push and packs are compacted is of one
// moment: what was acknowledged before it began is in it, and it is sound.
func TestBackupUnderLoad(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	sh, work := killedSetup(t, p)
	work.Run("git", "push", "-q", remote, "main")
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	user, pass := askHelper(t, sh, s.URL)
	var stop atomic.Bool
	var all sync.WaitGroup
	var pushers []*pusher
	for i := range 6 {
		one := &pusher{t: t, url: s.URL + "/v1/repos/MyDemoRepo", ref: fmt.Sprint("refs/heads/p", i), user: user, pass: pass, client: (&api{t: t, s: s}).client()}
		pushers = append(pushers, one)
		all.Go(func() { one.run(&stop) })
	}
	all.Go(func() {
		for !stop.Load() {
			sh.Try("sojourn", "admin", "compact", "--data", p.data, "--all", "--base")
		}
	})
	counts := func() (list []int, sum int) {
		for _, one := range pushers {
			list = append(list, one.count())
			sum += one.count()
		}
		return list, sum
	}
	for _, n := counts(); n < 60; _, n = counts() {
		time.Sleep(10 * time.Millisecond)
		if t.Failed() {
			break
		}
	}
	before, sum := counts()
	begun := time.Now()
	to := filepath.Join(t.TempDir(), "backup")
	sh.Run("sojourn", "admin", "backup", "--data", p.data, "--to", to, "--root-keys")
	_, after := counts()
	took := time.Since(begun)
	t.Logf("%d pushes in %s of the backup: %.0f a second", after-sum, took.Round(time.Millisecond), float64(after-sum)/took.Seconds())
	stop.Store(true)
	all.Wait()
	if after == sum {
		t.Error("nobody pushed while the backup was made")
	}

	restored := filepath.Join(t.TempDir(), "data")
	sh.Run("sojourn", "admin", "restore", "--from", to, "--data", restored)
	sh.Run("sojourn", "admin", "fsck", "--data", restored, "--all")
	p.kill()
	if err := os.CopyFS(filepath.Join(restored, "tls"), os.DirFS(filepath.Join(p.data, "tls"))); err != nil { // clients know it
		t.Fatal(err)
	}
	p.data = restored
	p.start()
	sh.Run("git", "clone", "-q", "--mirror", remote, "restored")
	copied := sh.In("restored")
	copied.Run("git", "fsck", "--full", "--strict")
	for i, one := range pushers {
		tip := strings.TrimSpace(copied.Run("git", "rev-parse", one.ref))
		at := -1
		for k, id := range one.acked {
			if id == tip {
				at = k + 1
			}
		}
		if at < before[i] {
			t.Errorf("%s is at push %d of %d; %d were acknowledged before the backup", one.ref, at, len(one.acked), before[i])
		}
	}
}

// askHelper is what the credential helper gives for a repository.
func askHelper(t *testing.T, sh *sojourntest.Shell, url string) (user, pass string) {
	t.Helper()
	cmd := sh.Command("sojourn", "credential-helper", "--ignore-host-check", "--profile", "CodeAccess", "get")
	cmd.Stdin = strings.NewReader("protocol=https\nhost=" + strings.TrimPrefix(url, "https://") + "\npath=v1/repos/MyDemoRepo\n\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "username":
			user = value
		case "password":
			pass = value
		}
	}
	return user, pass
}
