package git_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/authn"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/objects/file"
	"sojourn/internal/principal"
	"sojourn/internal/server/githttp"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
)

// TestMain fails when a test leaves a process behind, and is the server of the
// crash tests when it is told so.
func TestMain(m *testing.M) {
	if git := os.Getenv("SOJOURN_MEASURED_GIT"); git != "" {
		measure(git, os.Getenv("SOJOURN_MEASURES"))
	}
	if data := os.Getenv("SOJOURN_CRASH_DATA"); data != "" {
		serveUntilKilled(data)
		return
	}
	code := m.Run()
	if left := children(); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "processes were left behind: %q\n", left)
		code = 1
	}
	os.Exit(code)
}

// children are the command lines of this process's children, where /proc tells.
func children() (found []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ") // state, parent, …
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// anyone takes every password, but for the user "nobody". The user "user" is the
// account's root; each other one is a principal of its own.
type anyone struct{}

func (anyone) Git(_ context.Context, user, _, _, _ string, info authn.RequestInfo) (*principal.Caller, error) {
	if user == "nobody" {
		return nil, awserr.InvalidToken()
	}
	id := account
	if user != "user" {
		id = user
	}
	return &principal.Caller{Session: principal.Session{Kind: principal.Root, Account: account, ID: id}, Region: region, RequestID: info.RequestID}, nil
}

// rules is a gate that permits what it is told to, and remembers what it was asked.
type rules struct {
	mu     sync.Mutex
	deny   func(gate.Request) bool
	asked  []gate.Request
	forget bool  // does not remember
	over   error // why sessions would not be let in any more
}

func (g *rules) Still(context.Context, *principal.Caller) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over
}

func (g *rules) end(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = why
}

func (g *rules) Authorize(_ context.Context, _ *principal.Caller, r gate.Request) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.forget {
		g.asked = append(g.asked, r)
	}
	if g.deny != nil && g.deny(r) {
		return awserr.Denied("not authorized to perform: %s", r.Action)
	}
	return nil
}

// server is an engine behind the door, on loopback, with one empty repository
// named "demo".
type server struct {
	t       testing.TB
	url     string // of demo
	dir     string // of everything
	engine  *git.Engine
	service *git.Service
	store   store.Store
	gate    *rules
	home    string
	client  string // path of the clients' git; "" looks it up
	close   func()
	shut    func() error // close, where the disk may be broken
}

// silence is how long the door bears with a client that stands still; 0 is its own.
var silence time.Duration

const demoID = "demo-repository-id"

func start(t testing.TB, change ...func(*git.Options)) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), home: t.TempDir(), gate: &rules{}}
	s.open(change...)
	s.createRepository("demo", demoID)
	t.Cleanup(func() { s.close() })
	return s
}

// open starts the server on its directory, as it is.
func (s *server) open(change ...func(*git.Options)) {
	s.t.Helper()
	n, err := openNode(s.t.Context(), s.dir, s.gate, logs{s.t}, change...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.engine, s.service, s.store, s.url = n.engine, git.NewService(n.engine, s.gate, s.gate, region), n.store, n.url
	s.shut = n.close
	s.close = sync.OnceFunc(func() {
		if err := n.close(); err != nil {
			s.t.Error(err)
		}
	})
}

// node is an engine on real stores behind the door.
type node struct {
	engine *git.Engine
	store  store.Store
	url    string
	close  func() error
}

func openNode(ctx context.Context, dir string, g *rules, log io.Writer, change ...func(*git.Options)) (*node, error) {
	st, err := sqlite.Open(ctx, filepath.Join(dir, "meta.db"))
	if err != nil {
		return nil, err
	}
	blobs, err := file.Open(filepath.Join(dir, "objects"))
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	opt := git.Options{Store: st, Objects: blobs, Dir: filepath.Join(dir, "cache"), Now: time.Now, Log: slog.New(slog.NewTextHandler(log, nil))}
	for _, f := range change {
		f(&opt)
	}
	e, err := git.New(ctx, opt)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	front := httptest.NewServer(githttp.New(githttp.Options{Auth: anyone{}, Git: git.NewService(e, g, g, region), Silence: silence}))
	url := strings.Replace(front.URL, "http://", "http://user:password@", 1) + "/v1/repos/demo"
	return &node{e, opt.Store, url, func() error {
		front.Close()
		return errors.Join(e.Close(context.Background()), st.Close())
	}}, nil
}

type logs struct{ t testing.TB }

func (l logs) Write(b []byte) (int, error) {
	if testing.Verbose() {
		fmt.Fprintf(os.Stderr, "%s", b)
	}
	return len(b), nil
}

func (s *server) createRepository(name, id string) {
	s.t.Helper()
	if err := insertRepository(s.store, name, id); err != nil {
		s.t.Fatal(err)
	}
}

func insertRepository(st store.Store, name, id string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return st.Update(context.Background(), func(tx store.Tx) error {
		if err := tx.InsertAccount(store.Account{ID: account, Name: "test", Created: now}); err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
		return tx.InsertRepository(store.Repository{ID: id, Account: account, Region: region, Name: name, Version: 1, Created: now, Modified: now})
	})
}

// row is demo's row.
func (s *server) row() (row store.Repository) {
	s.t.Helper()
	s.view(func(tx store.Tx) (err error) {
		row, err = tx.RepositoryByID(demoID)
		return err
	})
	return row
}

func (s *server) view(f func(store.Tx) error) {
	s.t.Helper()
	if err := s.store.View(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}

// clone is a directory in which git runs for a user.
type clone struct {
	s   *server
	dir string
}

// in is a directory below the user's home; git init makes it a repository.
func (s *server) in(name string) clone { return clone{s, filepath.Join(s.home, name)} }

func (s *server) user() clone { return clone{s, s.home} }

func (c clone) command(args ...string) *exec.Cmd {
	cmd := exec.Command(cmp.Or(c.s.client, "git"), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.s.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C.UTF-8",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_CONFIG_COUNT=4", "GIT_CONFIG_KEY_0=init.defaultBranch", "GIT_CONFIG_VALUE_0=main", "GIT_CONFIG_KEY_1=gc.auto", "GIT_CONFIG_VALUE_1=0",
		"GIT_CONFIG_KEY_2=advice.detachedHead", "GIT_CONFIG_VALUE_2=false", "GIT_CONFIG_KEY_3=maintenance.auto", "GIT_CONFIG_VALUE_3=false"}
	return cmd
}

// git runs a command that must succeed and returns what it prints.
func (c clone) git(args ...string) string {
	c.s.t.Helper()
	var out, errOut bytes.Buffer
	cmd := c.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		c.s.t.Fatalf("git %.200q: %v\n%s%s", args, err, out.String(), errOut.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// fails runs a command that must fail and returns all that it prints.
func (c clone) fails(args ...string) string {
	c.s.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		c.s.t.Fatalf("git %.200q: %v, should fail\n%s", args, err, out)
	}
	return string(out)
}

// feed runs a command with input.
func (c clone) feed(input string, args ...string) string {
	c.s.t.Helper()
	cmd := c.command(args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.s.t.Fatalf("git %.200q: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (c clone) write(name, text string) {
	c.s.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		c.s.t.Fatal(err)
	}
}

// commit writes a file and commits everything; it returns the commit's id.
func (c clone) commit(name, text string) string {
	c.s.t.Helper()
	c.write(name, text)
	c.git("add", ".")
	c.git("commit", "-q", "-m", "Change "+name)
	return c.git("rev-parse", "HEAD")
}

// work makes a repository with one commit and demo as its origin.
func (s *server) work(name string) clone {
	s.t.Helper()
	s.user().git("init", "-q", name)
	c := s.in(name)
	c.git("remote", "add", "origin", s.url)
	c.commit("README", "hello\n")
	return c
}

// refs are the refs of a repository as git lists them for a reader.
func (s *server) refs() string { s.t.Helper(); return s.user().git("ls-remote", s.url) }

// objects lists every object reachable from refs, sorted.
func (c clone) objects(refs ...string) []string {
	c.s.t.Helper()
	list := strings.Split(c.git(append([]string{"rev-list", "--objects", "--no-object-names"}, refs...)...), "\n")
	slices.Sort(list)
	return list
}

// same fails unless b is sound and has of refs, object for object, what a has.
func (s *server) same(a, b clone, refs ...string) {
	s.t.Helper()
	b.git("fsck", "--full", "--strict", "--no-dangling")
	if x, y := a.objects(refs...), b.objects(refs...); !slices.Equal(x, y) {
		s.t.Errorf("%v: %d and %d objects, or others", refs, len(x), len(y))
	}
}

// files are the regular files below a directory.
func files(t testing.TB, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			found = append(found, path)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
