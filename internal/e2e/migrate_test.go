package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
	"sojourn/internal/store/postgres/postgrestest"
)

var flagMigrate = flag.Int("migrate.repos", 20, "repositories that are moved from a directory to stores and back")

// few repositories are enough to see what is refused.
const few = 4

// moving is a server that is moved, and its user.
type moving struct {
	t     *testing.T
	p     *process
	sh    *sojourntest.Shell
	names []string
	env   []string // of who administers it

	bucket string
}

// A server is moved into PostgreSQL and S3 and back, killed on the way, while
// users read. What it has is the same at each place, and no write is taken in between.
func TestMigrate(t *testing.T) {
	t.Parallel()
	m := newMoving(t, *flagMigrate)
	before := m.objects("before")

	m.move("stores")
	m.p.kill()
	m.p.env = m.env
	m.p.start()
	m.compare(before, m.objects("grown"))
	m.push("grown") // it can be written to again

	after := m.objects("grown-pushed")
	for _, old := range []string{"objects", "sojourn.db", "sojourn.db-wal", "sojourn.db-shm"} { // as on another machine
		if err := os.RemoveAll(filepath.Join(m.p.data, old)); err != nil {
			t.Fatal(err)
		}
	}
	m.move("directory")
	m.p.kill()
	m.p.env = nil
	m.p.start()
	m.compare(after, m.objects("back"))
	m.push("back")
	out, err := m.admin("fsck", "--all").CombinedOutput()
	if err != nil || !strings.Contains(string(out), ": 0 problems") {
		t.Errorf("fsck: %v %s", err, out)
	}
}

func newMoving(t *testing.T, repos int) *moving { return newMovingWith(t, repos, false) }

// newMovingWith makes a server with repositories, in a directory or in stores.
func newMovingWith(t *testing.T, repos int, grown bool) *moving {
	t.Helper()
	m := movingTo(t, grownEnv(t))
	if grown {
		m.p.env = m.env
	}
	m.p.start()
	s := sojourntest.At(t, m.p.data, "https://"+m.p.addr)
	root := m.root()
	admin := &api{t: t, s: s, cred: root}
	m.sh = s.Shell(bin).As(root)
	work := commit(t, m.sh, "work")
	for i := range repos {
		name := fmt.Sprint("repository-", i)
		m.names = append(m.names, name)
		admin.json("CreateRepository", `{"repositoryName":"`+name+`"}`)
		write(t, work, "file", name+" "+strings.Repeat(fmt.Sprint(i), i))
		work.Run("git", "add", ".")
		work.Run("git", "commit", "-q", "-m", name)
		work.Run("git", "push", "-q", "codecommit://"+name, "main", "HEAD:refs/tags/first")
	}
	return m
}

// movingTo has a server in a directory, which is not started.
func movingTo(t *testing.T, env []string) *moving {
	t.Helper()
	m := &moving{t: t, p: &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}, env: env}
	m.bucket, _, _ = strings.Cut(strings.TrimPrefix(env[1], "SOJOURN_OBJECTS=s3://"), "?")
	t.Cleanup(func() { m.p.kill() })
	return m
}

// grownEnv names new stores as an operator would, with the passwords in files.
func grownEnv(t *testing.T) []string {
	t.Helper()
	stores.start(t)
	return envOf(t, stores.postgres.Database(t))
}

// envOf names a database, and a new bucket.
func envOf(t *testing.T, database string) []string {
	t.Helper()
	stores.start(t)
	metadata, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	password, keys := filepath.Join(dir, "pgpass"), filepath.Join(dir, "credentials")
	user := metadata.User.Username()
	metadata.User = url.User(user)
	for path, text := range map[string]string{
		password: "*:*:*:" + user + ":" + postgrestest.Password + "\n",
		keys:     "[default]\naws_access_key_id = " + s3test.AccessKeyID + "\naws_secret_access_key = " + s3test.SecretKey + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"SOJOURN_METADATA=" + metadata.String(), "SOJOURN_OBJECTS=" + stores.s3.Bucket(t), "PGPASSFILE=" + password, "AWS_SHARED_CREDENTIALS_FILE=" + keys}
}

// root asks for an administrator's credentials as credential_process does.
func (m *moving) root() sigv4.Credentials {
	m.t.Helper()
	out, err := m.admin("credentials").Output()
	if err != nil {
		m.t.Fatal(err)
	}
	var c struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	if err := json.Unmarshal(out, &c); err != nil {
		m.t.Fatal(err)
	}
	sojourntest.Secret("secret key", c.SecretAccessKey)
	sojourntest.Secret("session token", c.SessionToken)
	return sigv4.Credentials{AccessKeyID: c.AccessKeyId, Secret: secret.New(c.SecretAccessKey), Token: c.SessionToken}
}

func (m *moving) admin(args ...string) *exec.Cmd {
	c := exec.CommandContext(m.t.Context(), filepath.Join(bin, "sojourn"), append(append([]string{"admin"}, args...), "--data", m.p.data)...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH")}, m.p.env...)
	return c
}

// move moves all data under the eyes of readers; it is killed twice on its way.
func (m *moving) move(to string) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	var readers sync.WaitGroup
	var reads atomic.Int64
	for r := range 2 {
		dir := filepath.Join(m.sh.Home, fmt.Sprint("reader-", to, r))
		readers.Go(func() {
			for i := r; ctx.Err() == nil; i += 2 {
				name := m.names[i%len(m.names)]
				if out, errs, err := m.sh.Try("git", "clone", "-q", "--mirror", "codecommit://"+name, dir); err != nil {
					m.t.Errorf("a reader of %s, while all is moved to %s: %v %s%s", name, to, err, out, errs)
				}
				reads.Add(1)
				os.RemoveAll(dir)
			}
		})
	}
	for killed := 1; killed <= 2; killed++ {
		c := m.migrate(to)
		if err := c.Start(); err != nil {
			m.t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for len(ended) == 0 && len(m.arrived(to)) < killed*len(m.names)/2 {
			time.Sleep(time.Millisecond)
		}
		c.Process.Kill()
		if err := <-ended; err == nil {
			m.t.Errorf("to %s: it was over before it was killed", to)
		}
	}
	if !m.frozen() {
		m.t.Errorf("to %s: the source takes a push when the migration was cut off", to)
	}
	m.damage(to)
	out, err := m.migrate(to).CombinedOutput()
	if err != nil {
		m.t.Fatalf("to %s: %v\n%s", to, err, out)
	}
	if want := fmt.Sprintf("%d repositories", len(m.names)); !strings.HasPrefix(string(out), want) {
		m.t.Errorf("to %s: %s", to, out)
	}
	if strings.Contains(string(out), fmt.Sprintf("%d of %d files", 2*len(m.names), 2*len(m.names))) {
		m.t.Errorf("to %s: nothing was kept of what was cut off: %s", to, out)
	}
	for seen := reads.Load(); reads.Load() < seen+2; { // also behind it
		time.Sleep(10 * time.Millisecond)
	}
	if !m.frozen() {
		m.t.Error("the source that was left takes a push")
	}
	cancel()
	readers.Wait()
	m.t.Logf("to %s: %s%d reads meanwhile", to, out, reads.Load())
}

// arrived are the files of packs that are in the target.
func (m *moving) arrived(to string) (files []string) {
	dir := filepath.Join(m.p.data, "objects")
	if to == "stores" {
		dir = stores.s3.File(m.bucket, "repos")
	}
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && (ext == ".pack" || ext == ".idx") {
			files = append(files, path)
		}
		return nil // what is being made may be gone
	})
	return files
}

// damage changes a byte of a pack that has arrived, which must not be taken for good.
func (m *moving) damage(to string) {
	m.t.Helper()
	for _, path := range m.arrived(to) {
		if filepath.Ext(path) != ".pack" {
			continue
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrPermission) {
			if err = os.Chmod(path, 0o600); err == nil {
				f, err = os.OpenFile(path, os.O_RDWR, 0)
			}
		}
		if err != nil {
			m.t.Fatal(err)
		}
		defer f.Close()
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, 20); err != nil {
			m.t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b, 20); err != nil {
			m.t.Fatal(err)
		}
		return
	}
	m.t.Fatal("no pack has arrived")
}

// frozen reports whether a migration came as far as to begin.
func (m *moving) frozen() bool {
	_, errs, err := m.sh.Try("git", "-C", "work", "push", "-q", "codecommit://"+m.names[0], "HEAD:refs/heads/probe")
	if err == nil {
		m.sh.Run("git", "-C", "work", "push", "-q", "codecommit://"+m.names[0], ":refs/heads/probe")
	}
	return err != nil && strings.Contains(errs, "being moved")
}

func (m *moving) migrate(to string) *exec.Cmd {
	c := m.admin("migrate", "--to", to)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH")}, m.env...)
	return c
}

// objects clones each repository and lists what it has.
func (m *moving) objects(at string) map[string]string {
	m.t.Helper()
	all := map[string]string{}
	for _, name := range m.names {
		dir := "clone-" + at
		m.sh.Run("git", "clone", "-q", "--mirror", "codecommit://"+name, dir)
		clone := m.sh.In(dir)
		list := strings.Split(clone.Run("git", "rev-list", "--objects", "--all"), "\n")
		sort.Strings(list)
		all[name] = strings.Join(list, "\n") + clone.Run("git", "for-each-ref")
		os.RemoveAll(filepath.Join(m.sh.Home, dir))
	}
	return all
}

func (m *moving) compare(want, got map[string]string) {
	m.t.Helper()
	for name := range want {
		if want[name] != got[name] {
			m.t.Errorf("%s has\n%s\nwant\n%s", name, got[name], want[name])
		}
	}
}

// push changes a few repositories.
func (m *moving) push(branch string) {
	m.t.Helper()
	for _, name := range m.names[:3] {
		m.sh.Run("git", "-C", "work", "push", "-q", "codecommit://"+name, "HEAD:refs/heads/"+branch)
	}
}

// A migration into stores that have data, or into a directory that has some,
// overwrites nothing; one that is given up lets the source be written to again.
func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	m := newMoving(t, few)
	if out, err := m.admin("migrate", "--to", "stores").CombinedOutput(); err == nil || !strings.Contains(string(out), "SOJOURN_METADATA") {
		t.Errorf("without stores: %v %s", err, out)
	}
	if out, err := m.migrate("directory").CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing is overwritten") {
		t.Errorf("into its own directory: %v %s", err, out)
	}
	other := newMoving(t, few)
	other.env = m.env
	if out, err := other.migrate("stores").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if out, err := m.migrate("stores").CombinedOutput(); err == nil || !strings.Contains(string(out), "data of its own") {
		t.Errorf("into stores with another's data: %v %s", err, out)
	}
	if !m.frozen() {
		t.Error("the source can be written to")
	}
	cancel := m.migrate("stores")
	cancel.Args = append(cancel.Args, "--cancel")
	if out, err := cancel.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	m.push("again")
}
