package gitexec

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func newRunner(t *testing.T, opt Options) *Runner {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	r, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fakeGit is a shell script in git's place.
func fakeGit(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "git")
	body := "#!/bin/sh\nif [ \"$1\" = version ]; then echo git version 2.39.5; exit; fi\nPATH=/usr/bin:/bin\n" + script
	if err := os.WriteFile(path, []byte(body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"git version 2.39.5\n":               true,
		"git version 2.51.0.windows.1":       true,
		"git version 3.0":                    true,
		"git version 2.39.3 (Apple Git-146)": true,
		"git version 2.38.9":                 false,
		"git version 1.99":                   false,
		"something else":                     false,
		"":                                   false,
		"git version 2.x":                    false,
	} {
		if atLeast(version, 2, 39) != want {
			t.Errorf("%q: want %v", version, want)
		}
	}
	old := filepath.Join(t.TempDir(), "git")
	os.WriteFile(old, []byte("#!/bin/sh\necho git version 2.20.1\n"), 0o700)
	if _, err := New(t.Context(), Options{Path: old, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "2.39 or newer") {
		t.Errorf("an old git: %v", err)
	}
	if _, err := New(t.Context(), Options{Path: filepath.Join(t.TempDir(), "none"), Dir: t.TempDir()}); err == nil {
		t.Error("no git: no error")
	}
}

// TestClosedEnvironment: nothing of the server's own environment reaches git.
func TestClosedEnvironment(t *testing.T) {
	for _, name := range []string{"GIT_TRACE", "GIT_DIR", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "SOJOURN_SECRET", "LD_PRELOAD_X"} {
		t.Setenv(name, "inherited")
	}
	t.Setenv("HOME", "/inherited")
	r := newRunner(t, Options{Path: fakeGit(t, "env; pwd")})
	var out bytes.Buffer
	if err := r.Run(t.Context(), ObjectTypes(Objects{Dir: "/objects", Alternates: []string{"/a:b", `/q"\`}}), IO{Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	env := out.String()
	if strings.Contains(env, "inherited") {
		t.Errorf("inherited:\n%s", env)
	}
	for _, want := range []string{
		"GIT_CONFIG_NOSYSTEM=1\n", "GIT_CONFIG_GLOBAL=/dev/null\n", "HOME=" + r.home + "\n", "LC_ALL=C\n",
		"GIT_NO_REPLACE_OBJECTS=1\n", "GIT_OBJECT_DIRECTORY=/objects\n", "GIT_DIR=" + r.empty + "\n",
		`GIT_ALTERNATE_OBJECT_DIRECTORIES="/a:b":"/q\"\\"` + "\n", "=core.hooksPath\n", "=protocol.allow\n", "=core.fsync\n",
	} {
		if !strings.Contains(env, want) {
			t.Errorf("no %q in\n%s", want, env)
		}
	}
	if !strings.HasSuffix(env, r.home+"\n") {
		t.Errorf("the working directory is not the empty one:\n%s", env)
	}
}

func TestConfigIsRead(t *testing.T) {
	r := newRunner(t, Options{})
	var out bytes.Buffer
	c := Command{name: "config", args: []string{"--list"}, config: [][2]string{{"core.bigFileThreshold", "1m"}}}
	if err := r.Run(t.Context(), c, IO{Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"core.hookspath=/dev/null\n", "safe.directory=*\n", "protocol.allow=never\n", "core.bigfilethreshold=1m\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// emptyPack is a pack without objects.
func emptyPack() []byte {
	p := []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	sum := sha1.Sum(p)
	return append(p, sum[:]...)
}

func TestIndexPackAndErrors(t *testing.T) {
	r := newRunner(t, Options{})
	dir := filepath.Join(t.TempDir(), "quarantine")
	os.MkdirAll(dir, 0o700)
	var out bytes.Buffer
	if err := r.Run(t.Context(), IndexPack(Objects{Dir: dir}, 1<<20, false), IO{Stdin: bytes.NewReader(emptyPack()), Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "pack\t") {
		t.Errorf("printed %q", out.String())
	}
	var lines []string
	err := r.Run(t.Context(), IndexPack(Objects{Dir: dir}, 1<<20, false), IO{
		Stdin: strings.NewReader("no pack at all, but long enough to look"), Stderr: func(l []byte) { lines = append(lines, string(l)) }})
	exit, ok := errors.AsType[*ExitError](err)
	if !ok || exit.Code != 128 || !strings.Contains(exit.Stderr, "fatal: ") || len(lines) == 0 || exit.Input != nil {
		t.Errorf("got %v, lines %q", err, lines)
	}
}

// TestInputIsDrained: a client that is still sending when git gives up gets to
// send it all, so that it reads the answer.
func TestInputIsDrained(t *testing.T) {
	r := newRunner(t, Options{})
	in := io.LimitReader(zeros{}, 8<<20)
	err := r.Run(t.Context(), IndexPack(Objects{Dir: t.TempDir()}, 1<<20, false), IO{Stdin: in})
	if _, ok := errors.AsType[*ExitError](err); !ok {
		t.Errorf("got %v", err)
	}
	if n, _ := in.Read(make([]byte, 1)); n != 0 {
		t.Error("input was left")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBrokenInputIsTold(t *testing.T) {
	r := newRunner(t, Options{})
	in := io.MultiReader(bytes.NewReader(emptyPack()[:20]), brokenReader{})
	err := r.Run(t.Context(), IndexPack(Objects{Dir: t.TempDir()}, 1<<20, false), IO{Stdin: in})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v, want the reader's error in it", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// TestCancelKillsChildren: a process that has children of its own leaves none
// behind, whether it is killed or ends by itself.
func TestCancelKillsChildren(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // process groups are looked at through /proc
	}
	t.Run("killed", func(t *testing.T) {
		r := newRunner(t, Options{Path: fakeGit(t, "sleep 600 & echo $!; wait")})
		pid := newPidReader()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx, ObjectTypes(Objects{}), IO{Stdout: pid}) }()
		child := <-pid.found
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		gone(t, child)
	})
	t.Run("ends", func(t *testing.T) {
		r := newRunner(t, Options{Path: fakeGit(t, "sleep 600 & echo $!")})
		pid := newPidReader()
		if err := r.Run(t.Context(), ObjectTypes(Objects{}), IO{Stdout: pid}); err != nil {
			t.Errorf("got %v", err)
		}
		gone(t, <-pid.found)
	})
}

type pidReader struct{ found chan int }

func newPidReader() pidReader { return pidReader{make(chan int, 1)} }

func (p pidReader) Write(b []byte) (int, error) {
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	p.found <- pid
	return len(b), err
}

func gone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") { // nobody reaps orphans in some containers
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

func TestPlaces(t *testing.T) {
	r := newRunner(t, Options{Path: fakeGit(t, "cat"), Streams: 1, Wait: 20 * time.Millisecond})
	in, out := io.Pipe()
	first := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		first <- r.Run(t.Context(), IndexPack(Objects{}, 1, false), IO{Stdin: readNotify{in, started}})
	}()
	<-started
	if err := r.Run(t.Context(), IndexPack(Objects{}, 1, false), IO{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second stream: %v", err)
	}
	if err := r.Run(t.Context(), ObjectTypes(Objects{}), IO{}); err != nil {
		t.Errorf("a task beside a stream: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, IndexPack(Objects{}, 1, false), IO{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in the queue: %v", err)
	}
	out.Close()
	if err := <-first; err != nil {
		t.Error(err)
	}
}

type readNotify struct {
	io.Reader
	started chan struct{}
}

func (r readNotify) Read(p []byte) (int, error) {
	select {
	case <-r.started:
	default:
		close(r.started)
	}
	return r.Reader.Read(p)
}

func TestLineWriter(t *testing.T) {
	var lines []string
	w := &lineWriter{each: func(l []byte) { lines = append(lines, string(l)) }}
	for _, s := range []string{"Resolving", " deltas: 50%\rResolving deltas: 100%\n", strings.Repeat("x", 3*maxLine), "\nend"} {
		w.Write([]byte(s))
	}
	w.flush()
	if len(lines) != 4 || lines[0] != "Resolving deltas: 50%\r" || lines[3] != "end" || len(lines[2]) > maxLine {
		t.Errorf("%d lines, %.40q", len(lines), lines)
	}
	w.Write(make([]byte, 1<<20))
	if w.head.Len() > maxStderr {
		t.Errorf("kept %d bytes", w.head.Len())
	}
}

// TestNoArgumentFromOutside: constructors take ids of objects nowhere, and the
// only path comes behind --end-of-options.
func TestNoArgumentFromOutside(t *testing.T) {
	c := UploadPack("-x", Objects{}, 2, "refs/hidden/")
	if c.args[len(c.args)-2] != "--end-of-options" {
		t.Errorf("%q", c.args)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, Options{})
	err := r.Run(t.Context(), c, IO{})
	if exit, ok := errors.AsType[*ExitError](err); !ok || !strings.Contains(exit.Stderr, "'-x' does not appear to be a git repository") {
		t.Errorf("got %v", err)
	}
}
