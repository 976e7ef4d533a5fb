package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/sojourntest"
	"sojourn/internal/store"
	"sojourn/internal/store/postgres"
	"sojourn/internal/store/postgres/postgrestest"
)

// The root key is announced, seals, and all secrets are sealed anew, while one of
// four nodes is killed over and over: of the live ones no request fails, with
// sessions that another of them has issued.
func TestRotationOverNodes(t *testing.T) {
	t.Parallel()
	m := &moving{t: t, p: &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}, env: grownEnv(t)}
	m.p.env = m.env
	processes := []*process{m.p}
	for range 3 {
		processes = append(processes, &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0",
			env: append([]string{"SOJOURN_ROOT_KEYS=" + filepath.Join(m.p.data, "keys", "root.json")}, m.env...)})
	}
	var nodes []*sojourntest.Server
	for _, p := range processes {
		p.start()
		t.Cleanup(func() { p.kill() })
		nodes = append(nodes, sojourntest.At(t, p.data, "https://"+p.addr))
	}
	root := &api{t: t, s: nodes[0], cred: m.root()}
	root.role("CodeCommitAccess", trustAccount(sojourntest.Account), allow("codecommit:*"))
	key := root.user("load")
	database, err := postgres.Open(t.Context(), strings.Replace(strings.TrimPrefix(m.env[0], "SOJOURN_METADATA="), "sojourn@", "sojourn:"+postgrestest.Password+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()

	l := &load{t: t, stop: make(chan struct{}), failures: make(chan string, 16)}
	for i := range 3 {
		l.run(func(n int64) error {
			user := &api{t: t, s: nodes[i], cred: key}
			out, err := user.tryQuery("sts", "Action", "AssumeRole", "RoleSessionName", "load", "RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/CodeCommitAccess")
			if err != nil {
				return err
			}
			for other := range 3 {
				if status, out := (&api{t: t, s: nodes[other], cred: credentials(out)}).tryJSON("ListRepositories", "{}"); status != 200 {
					return fmt.Errorf("node %d, asked with a session of node %d: %d %s", other, i, status, out)
				}
			}
			return nil
		})
	}
	killing := make(chan struct{})
	go func() {
		defer close(killing)
		for {
			select {
			case <-l.stop:
				return
			case <-time.After(rand.N(500 * time.Millisecond)):
			}
			processes[3].kill()
			processes[3].start()
		}
	}()
	const some = 15
	l.await(some)
	m.do("root-key", "announce")
	time.Sleep(looked)
	if err := setBack(t, database, func(k *store.RootKey) { k.Announced = k.Announced.Add(-time.Minute) }); err != nil {
		t.Fatal(err)
	}
	if out := m.do("root-key", "activate"); !strings.Contains(out, "generation 2 seals") {
		t.Error(out)
	}
	l.await(some)
	m.do("root-key", "reseal")
	l.await(some)
	close(l.stop)
	l.all.Wait()
	<-killing
	close(l.failures)
	for f := range l.failures {
		t.Errorf("a request failed: %s", f)
	}
	t.Logf("%d rounds of four requests", l.done.Load())
	for i, s := range nodes {
		for end := time.Now().Add(looked); !strings.Contains(get(t, s, "/metrics"), "sojourn_root_key_generation 2\n"); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("node %d does not seal with generation 2", i)
				break
			}
		}
	}
}
