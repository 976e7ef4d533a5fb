package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
	"sojourn/internal/store/postgres/postgrestest"
)

// failoverUser pushes one commit after the other to a repository of its own and keeps
// what was acknowledged.
type failoverUser struct {
	work  *sojourntest.Shell
	name  string
	acked atomic.Int64
	tips  []string
	fails int
}

func newFailoverUser(t *testing.T, m *moving, p *process, name string) *failoverUser {
	t.Helper()
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	root := m.root()
	(&api{t: t, s: s, cred: root}).json("CreateRepository", `{"repositoryName":"`+name+`"}`)
	return &failoverUser{work: commit(t, s.Shell(bin).As(root), "work"), name: name}
}

// push makes a commit and pushes it until that is acknowledged.
func (k *failoverUser) push(stop <-chan struct{}) {
	k.work.Run("git", "commit", "-q", "--allow-empty", "-m", fmt.Sprint("commit ", len(k.tips)))
	for {
		if _, _, err := k.work.Try("git", "push", "-q", "codecommit://"+k.name, "main"); err == nil {
			k.tips = append(k.tips, strings.TrimSpace(k.work.Run("git", "rev-parse", "main")))
			k.acked.Add(1)
			return
		}
		k.fails++
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// check finds all that was acknowledged, at a node.
func (k *failoverUser) check(t *testing.T, sh *sojourntest.Shell) {
	t.Helper()
	dir := "all-of-" + k.name
	sh.Run("rm", "-rf", dir)
	sh.Run("git", "clone", "-q", "codecommit://"+k.name, dir)
	there := sh.In(dir).Run("git", "rev-list", "main")
	for i, tip := range k.tips {
		if !strings.Contains(there, tip) {
			t.Errorf("%s: push %d of %d, acknowledged, is lost", k.name, i+1, len(k.tips))
		}
	}
	sh.In(dir).Run("git", "fsck", "--full", "--strict")
}

// two makes a second node of m's.
func (m *moving) two() *process {
	p := &process{t: m.t, data: m.t.TempDir(), addr: "127.0.0.1:0", env: append([]string{"SOJOURN_ROOT_KEYS=" + filepath.Join(m.p.data, "keys", "root.json")}, m.env...)}
	p.start()
	m.t.Cleanup(p.kill)
	return p
}

// The primary dies under pushes and its synchronous standby takes its place, as
// docs/operations/cluster.md says: nodes go on by themselves, and whatever was
// acknowledged is there.
func TestDatabaseFailsOver(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t)
	standby := primary.Standby(t)
	u, err := url.Parse(primary.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = primary.Addr+","+standby.Addr, "target_session_attrs=read-write"
	m := movingTo(t, envOf(t, u.String()))
	m.p.env = m.env
	m.p.start()
	other := m.two()
	pushers := []*failoverUser{newFailoverUser(t, m, m.p, "left"), newFailoverUser(t, m, other, "right")}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, k := range pushers {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					k.push(stop)
				}
			}
		})
	}
	more := func(n int64) {
		t.Helper()
		for _, k := range pushers {
			for want, end := k.acked.Load()+n, time.Now().Add(time.Minute); k.acked.Load() < want; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Errorf("%s: no more pushes are taken", k.name)
					return
				}
			}
		}
	}
	more(5)
	primary.Kill()
	before := []int64{pushers[0].acked.Load(), pushers[1].acked.Load()}
	time.Sleep(200 * time.Millisecond)
	began := time.Now()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	more(3)
	took := time.Since(began)
	close(stop)
	all.Wait()
	for i, k := range pushers {
		for _, p := range []*process{m.p, other} {
			sh := sojourntest.At(t, p.data, "https://"+p.addr).Shell(bin).As(m.root())
			k.check(t, sh)
		}
		t.Logf("%s: %d acknowledged before the primary died, %d behind it; %d attempts were refused", k.name, before[i], k.acked.Load()-before[i], k.fails)
	}
	t.Logf("three pushes each within %s of the promotion", took.Round(time.Millisecond))
	if out := m.do("fsck", "--all"); !strings.Contains(out, ": 0 problems") {
		t.Errorf("fsck: %s", out)
	}
}

// The database is lost and recovered from a base backup and its archived log, the
// bucket having stayed: to its last moment, and to one of before, whose packs were
// compacted away since.
func TestDatabaseIsRecovered(t *testing.T) {
	t.Parallel()
	lost := postgrestest.Start(t, "archive_mode=on", postgrestest.Archive)
	name := lost.Database(t)
	m := movingTo(t, envOf(t, name))
	m.p.env = m.env
	m.p.start()
	k := newFailoverUser(t, m, m.p, "kept")
	k.push(nil)
	last, earlier := lost.Copy(t), lost.Copy(t)
	for range 3 {
		k.push(nil)
	}
	if err := postgrestest.Exec(name, "SELECT pg_create_restore_point('before')"); err != nil {
		t.Fatal(err)
	}
	then := len(k.tips)
	for range 3 {
		k.push(nil)
	}
	m.do("compact", "--all", "--base")
	if err := lost.SwitchLog(); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(m.p.data, "keys", "root.json")
	m.p.kill()
	lost.Kill()

	env := append(slices.Clone(m.env), "SOJOURN_ROOT_KEYS="+keys)
	for _, c := range []struct {
		what   string
		at     *postgrestest.Server
		target []string
		tips   []string
	}{
		{"the last moment", last, nil, k.tips},
		{"a moment of before", earlier, []string{"recovery_target_name=before"}, k.tips[:then]},
	} {
		if err := c.at.Restored(lost, c.target...); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		env[0] = strings.Replace(m.env[0], lost.Addr, c.at.Addr, 1)
		m.p = &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0", env: env}
		m.p.start()
		sh := sojourntest.At(t, m.p.data, "https://"+m.p.addr).Shell(bin).As(m.root())
		(&failoverUser{name: k.name, tips: c.tips}).check(t, sh)
		if seen := sh.Run("git", "ls-remote", "codecommit://"+k.name, "refs/heads/main"); !strings.HasPrefix(seen, c.tips[len(c.tips)-1]) {
			t.Errorf("%s: main is %s", c.what, seen)
		}
		// Who has what is lost pushes it again, and goes on.
		user := *sh
		user.Dir = k.work.Dir
		user.Run("git", "push", "-q", "codecommit://"+k.name, k.tips[len(k.tips)-1]+":refs/heads/main")
		(&failoverUser{name: k.name, tips: k.tips}).check(t, sh)
		deleted := m.deleteOrphans()
		if late := len(c.tips) < len(k.tips); late != (deleted > 0) {
			t.Errorf("%s: %d orphans", c.what, deleted)
		}
		if out := m.do("fsck", "--all"); !strings.Contains(out, ": 0 problems") {
			t.Errorf("%s: fsck: %s", c.what, out)
		}
		(&failoverUser{name: k.name, tips: k.tips}).check(t, sh)
		m.p.kill()
	}
	m.p.start() // for the end
}

// deleteOrphans deletes what fsck finds in the bucket beside what the database
// knows, and fails when it finds anything else.
func (m *moving) deleteOrphans() (deleted int) {
	m.t.Helper()
	out, _ := m.admin("fsck", "--all").Output()
	for line := range strings.Lines(string(out)) {
		if _, problem, ok := strings.Cut(line, "orphan: "); ok {
			key, _, _ := strings.Cut(problem, " ")
			if err := os.Remove(stores.s3.File(m.bucket, key)); err != nil {
				m.t.Error(err)
			}
			deleted++
		}
	}
	if !strings.Contains(string(out), fmt.Sprintf(": %d problems", deleted)) {
		m.t.Errorf("fsck finds not only orphans: %s", out)
	}
	return deleted
}
