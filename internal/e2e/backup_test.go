package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
	"sojourn/internal/sojourntest/lightgit"
)

var (
	flagBackupMiB  = flag.Int("backup.mib", 0, "MiB that each of the 4 repositories has when a backup is made under load: more make it last")
	flagBackupRate = flag.Float64("backup.rate", 0, "acknowledged pushes a second that there must be while the backup is made")
)

// pusher pushes small commits to a branch of its own as fast as it can.
type pusher struct {
	t        *testing.T
	url, ref string
	user     string
	pass     func() string
	client   *http.Client
	repo     string

	mu    sync.Mutex
	acked []string // the branch's tips, as they were acknowledged
}

func (p *pusher) run(stop *atomic.Bool) {
	old := ""
	for n := 0; !stop.Load(); n++ {
		id, pack := lightgit.Commit(old, p.ref[len("refs/heads/"):], n)
		req, _ := http.NewRequest(http.MethodPost, p.url+"/git-receive-pack", bytes.NewReader(lightgit.PushBody(p.ref, old, id, pack)))
		req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		req.SetBasicAuth(p.user, p.pass())
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

// crowdOfPushers makes four repositories and four pushers for each, who start no
// process, so that this machine's cores are the server's.
func crowdOfPushers(t *testing.T, s *sojourntest.Server, sh *sojourntest.Shell) (list []*pusher) {
	t.Helper()
	root := &api{t: t, s: s, cred: s.Root("")}
	transport := root.transport()
	transport.DisableKeepAlives, transport.MaxIdleConnsPerHost = false, 100
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	for r := range 4 {
		name := fmt.Sprint("Busy", r)
		root.json("CreateRepository", `{"repositoryName":"`+name+`"}`)
		if *flagBackupMiB > 0 {
			work := commit(t, sh, "fill"+name)
			for i := range *flagBackupMiB {
				noise := make([]byte, 1<<20)
				random := rand.New(rand.NewPCG(uint64(r), uint64(i)))
				for k := range noise {
					noise[k] = byte(random.Uint32())
				}
				write(t, work, fmt.Sprint("file", i), string(noise))
			}
			work.Run("git", "add", ".")
			work.Run("git", "commit", "-q", "-m", "Much")
			work.Run("git", "push", "-q", "codecommit://CodeAccess@"+name, "main")
		}
		path := "/v1/repos/" + name
		for i := range 4 {
			list = append(list, &pusher{t: t, url: s.URL + path, ref: fmt.Sprint("refs/heads/p", i), repo: name, user: sigv4.GitUser(root.cred), client: client,
				pass: func() string {
					return sigv4.GitPassword(root.cred.Secret, node.DefaultRegion, s.Host(), path, time.Now()).Reveal()
				}})
		}
	}
	return list
}

// cpuTicks is the processor time of a process and those that it has waited for,
// in hundredths of a second; 0 where there is no /proc.
func cpuTicks(pid int) (ticks float64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])); len(fields) > 14 {
		for _, text := range fields[11:15] {
			n, _ := strconv.ParseFloat(text, 64)
			ticks += n
		}
	}
	return ticks
}

// A backup that is made while others push and packs are compacted is of one
// moment: what was acknowledged before it began is in it, of no push half, and it is sound.
func TestBackupUnderLoad(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	sh, _ := killedSetup(t, p)
	pushers := crowdOfPushers(t, sojourntest.At(t, p.data, "https://"+p.addr), sh)
	var stop atomic.Bool
	var all sync.WaitGroup
	for _, one := range pushers {
		all.Go(func() { one.run(&stop) })
	}
	counts := func() (list []int, sum int) {
		for _, one := range pushers {
			list = append(list, one.count())
			sum += list[len(list)-1]
		}
		return list, sum
	}
	for list, _ := counts(); slices.Min(list) < 8 && !t.Failed(); list, _ = counts() {
		time.Sleep(10 * time.Millisecond)
	}
	all.Go(func() { sh.Try("sojourn", "admin", "compact", "--data", p.data, "--all", "--base") })
	before, sum := counts()
	begun, cpu := time.Now(), cpuTicks(p.cmd.Process.Pid)
	to := filepath.Join(t.TempDir(), "backup")
	sh.Run("sojourn", "admin", "backup", "--data", p.data, "--to", to, "--root-keys")
	took := time.Since(begun)
	_, after := counts()
	rate := float64(after-sum) / took.Seconds()
	t.Logf("%d pushes to 4 repositories in %s of the backup: %.0f a second, %.1f ms of the server's processor time each", after-sum, took.Round(time.Millisecond), rate,
		10*(cpuTicks(p.cmd.Process.Pid)-cpu)/float64(after-sum))
	stop.Store(true)
	all.Wait()
	if after == sum || rate < *flagBackupRate {
		t.Errorf("%.0f pushes a second while the backup was made", rate)
	}

	restored := filepath.Join(t.TempDir(), "data")
	sh.Run("sojourn", "admin", "restore", "--from", to, "--data", restored)
	if out := sh.Run("sojourn", "admin", "fsck", "--data", restored, "--all"); !strings.Contains(out, ": 0 problems") {
		t.Errorf("fsck: %s", out)
	}
	p.kill()
	if err := os.CopyFS(filepath.Join(restored, "tls"), os.DirFS(filepath.Join(p.data, "tls"))); err != nil { // clients know it
		t.Fatal(err)
	}
	p.data = restored
	p.start()
	for i, one := range pushers {
		if i%4 == 0 {
			sh.Run("git", "clone", "-q", "--mirror", "codecommit://CodeAccess@"+one.repo, one.repo)
			sh.In(one.repo).Run("git", "fsck", "--full", "--strict")
		}
		tip := strings.TrimSpace(sh.In(one.repo).Run("git", "rev-parse", one.ref))
		if at := slices.Index(one.acked, tip) + 1; at < before[i] {
			t.Errorf("%s of %s is at push %d of %d; %d were acknowledged before the backup", one.ref, one.repo, at, len(one.acked), before[i])
		}
	}
}
