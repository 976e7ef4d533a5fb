package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// load is Git and API clients that go on until they are told to stop. Each
// request that is refused, and each command of git that fails, is a failure.
type load struct {
	t        *testing.T
	stop     chan struct{}
	all      sync.WaitGroup
	done     atomic.Int64
	failures chan string
	anew     atomic.Int64 // grows when clients must sign in again
}

func (l *load) run(step func(n int64) error) {
	l.all.Go(func() {
		for n := int64(0); ; n++ {
			select {
			case <-l.stop:
				return
			default:
			}
			if err := step(n); err != nil {
				l.failures <- err.Error()
				return
			}
			l.done.Add(1)
		}
	})
}

// await lets the load go on for some more steps of its clients.
func (l *load) await(steps int64) {
	l.t.Helper()
	for want, end := l.done.Load()+steps, time.Now().Add(2*time.Minute); l.done.Load() < want; time.Sleep(20 * time.Millisecond) {
		if len(l.failures) > 0 || time.Now().After(end) {
			return
		}
	}
}

// api signs in for the role and then asks with the session, over and over.
func (l *load) api(s *sojourntest.Server, key sigv4.Credentials) {
	user := &api{t: l.t, s: s, cred: key}
	var session *api
	at := int64(-1)
	l.run(func(n int64) error {
		if now := l.anew.Load(); session == nil || now != at || n%20 == 0 {
			out, err := user.tryQuery("sts", "Action", "AssumeRole", "RoleSessionName", "load", "RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess")
			if err != nil {
				return err
			}
			session, at = &api{t: l.t, s: s, cred: credentials(out)}, now
		}
		if status, out := session.tryJSON("ListRepositories", "{}"); status != 200 {
			return fmt.Errorf("ListRepositories: %d %s", status, out)
		}
		return nil
	})
}

// git fetches, and pushes to a branch of its own.
func (l *load) git(work *sojourntest.Shell, name string, lock *sync.RWMutex) {
	l.run(func(n int64) error {
		lock.RLock()
		defer lock.RUnlock()
		for _, args := range [][]string{{"commit", "-q", "--allow-empty", "-m", fmt.Sprint(n)}, {"push", "-q", remote, "HEAD:refs/heads/" + name}, {"ls-remote", remote}} {
			if out, errOut, err := work.Try("git", args...); err != nil {
				return fmt.Errorf("git %s: %w %s%s", args[0], err, out, errOut)
			}
		}
		return nil
	})
}

// The root key is announced, seals, and the old one is retired, under Git and API
// clients that do not stop: none of their requests is refused. What takes 36 hours
// is taken by setting back what the store has of the old key's end; sessions that
// are older than the change then are given up, as they would have ended.
func TestRotationUnderLoad(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	sh := page(t, s)
	key := (&api{t: t, s: s, cred: s.Root("")}).user("load")
	operator := s.Shell(bin)
	st, err := sqlite.Open(t.Context(), filepath.Join(p.data, "sojourn.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()

	l := &load{t: t, stop: make(chan struct{}), failures: make(chan string, 16)}
	var cache sync.RWMutex
	for i := range 2 {
		l.api(s, key)
		l.git(commit(t, sh, fmt.Sprint("work", i)), fmt.Sprint("load", i), &cache)
	}
	const some = 20
	l.await(some)
	rootKey := func(args ...string) string {
		t.Helper()
		return operator.Run("sojourn", append(append([]string{"admin", "root-key"}, args...), "--data", p.data)...)
	}
	back := func(change func(k *store.RootKey)) {
		t.Helper()
		if err := setBack(t, st, change); err != nil {
			t.Fatal(err)
		}
	}
	rootKey("announce")
	l.await(some)
	time.Sleep(looked)
	back(func(k *store.RootKey) { k.Announced = k.Announced.Add(-time.Minute) })
	if out := rootKey("activate"); !strings.Contains(out, "generation 2 seals") {
		t.Error(out)
	}
	l.await(some)
	time.Sleep(looked)
	rootKey("reseal")
	if out := operator.Fail("sojourn", "admin", "root-key", "retire", "--generation", "1", "--data", p.data); !strings.Contains(out, "it can be retired in 36h") {
		t.Errorf("retired at once: %s", out)
	}
	cache.Lock() // no command of git runs, and none finds an old session
	if err := os.RemoveAll(filepath.Join(sh.Home, ".aws", "sojourn")); err != nil {
		t.Fatal(err)
	}
	l.anew.Add(1)
	cache.Unlock()
	l.await(some)
	back(func(k *store.RootKey) {
		if !k.Ended.IsZero() {
			k.Ended = k.Ended.Add(-37 * time.Hour)
		}
	})
	if out := rootKey("retire", "--generation", "1"); !strings.Contains(out, "generation 1 is retired") {
		t.Error(out)
	}
	time.Sleep(looked)
	l.await(some)
	close(l.stop)
	l.all.Wait()
	close(l.failures)
	failed := 0
	for f := range l.failures {
		failed++
		t.Errorf("a request failed: %s", f)
	}
	t.Logf("%d requests and commands, %d failed", l.done.Load(), failed)
	if out := rootKey("status"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "2           sealing") {
		t.Errorf("the keys are:\n%s", out)
	}
	metrics := get(t, s, "/metrics")
	for _, want := range []string{"sojourn_root_key_generation 2\n", "sojourn_root_key_ending 0\n", "sojourn_root_key_stale 0\n", "sojourn_revocations 0\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	file, err := os.ReadFile(filepath.Join(p.data, "keys", "root.json"))
	if err != nil || bytes.Contains(file, []byte(`"generation": 1,`)) {
		t.Errorf("the retired key is in the file: %v", err)
	}
}

// looked is when a server has seen a change of the root keys: it looks each second,
// and the machine is small.
const looked = 3 * time.Second

// setBack changes what the store has of the root keys.
func setBack(t *testing.T, st store.Store, change func(k *store.RootKey)) error {
	return st.Update(t.Context(), func(tx store.Tx) error {
		keys, err := tx.RootKeys()
		for _, k := range keys {
			change(&k)
			if err == nil {
				err = tx.PutRootKey(k)
			}
		}
		return err
	})
}

// get reads what anybody may read.
func get(t *testing.T, s *sojourntest.Server, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := (&api{t: t, s: s}).do(r)
	return string(body)
}
