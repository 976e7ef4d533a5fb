package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/node"
	"sojourn/internal/sojourntest"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// process is a server in a process of its own, which can be killed.
type process struct {
	t    *testing.T
	data string
	addr string
	more []string // flags
	env  []string
	cmd  *exec.Cmd
	logs *sojourntest.Logs
}

func (p *process) start() {
	p.t.Helper()
	if p.logs == nil {
		p.logs = sojourntest.Process(p.t, p.data)
	}
	p.cmd = exec.Command(filepath.Join(bin, "sojourn"), "serve", "--data", p.data, "--listen", p.addr, "--account", sojourntest.Account, "--log-level", "debug")
	p.cmd.Stderr = p.logs
	p.cmd.Args = append(p.cmd.Args, p.more...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, p.env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "listening on https://") {
		p.t.Fatalf("the server says %q, %v", line, err)
	}
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(strings.TrimSpace(line), "listening on https://"))
	p.addr = "127.0.0.1:" + port
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// The server is killed at a random moment of each of 50 pushes. After each
// restart what was acknowledged is there, the repository is sound, and in the
// end nothing is left over.
func TestKilledInPushes(t *testing.T) {
	p := &process{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	p.start()
	defer func() { p.kill() }()
	sh, work := killedSetup(t, p)
	acked, lost := strings.TrimSpace(work.Run("git", "rev-parse", "HEAD")), 0
	work.Run("git", "push", "-q", remote, "main")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 50 {
		write(t, work, fmt.Sprintf("file%d", i), strings.Repeat(fmt.Sprint(i), 1000))
		work.Run("git", "add", ".")
		work.Run("git", "commit", "-q", "-m", fmt.Sprintf("Commit %d", i))
		pushed := make(chan error, 1)
		push := work.Command("git", "push", "-q", remote, "main")
		go func() { pushed <- push.Run() }()
		time.Sleep(time.Duration(random.IntN(120)) * time.Millisecond)
		p.kill()
		err := <-pushed
		p.start()
		if err == nil {
			acked = strings.TrimSpace(work.Run("git", "rev-parse", "HEAD"))
		} else {
			lost++
		}
		there := strings.Fields(work.Run("git", "ls-remote", remote, "refs/heads/main"))[0]
		work.Run("git", "merge-base", "--is-ancestor", acked, there) // what was acknowledged is there
		os.RemoveAll(filepath.Join(sh.Home, "clone"))
		sh.Run("git", "clone", "-q", "--mirror", remote, "clone")
		sh.In("clone").Run("git", "fsck", "--full", "--strict")
	}
	t.Logf("%d of 50 pushes were cut off", lost)
	work.Run("git", "push", "-q", remote, "main")
	p.kill()
	noLeftovers(t, p.data)
	p.start()
	sh.Run("git", "clone", "-q", remote, "final")
	same(t, work, sh.In("final"), "main")
}

// killedSetup makes the role, the profile and a repository through the first start.
func killedSetup(t *testing.T, p *process) (sh, work *sojourntest.Shell) {
	s := sojourntest.At(t, p.data, "https://"+p.addr)
	sh = page(t, s)
	return sh, commit(t, sh, "work")
}

// noLeftovers runs the sweeper with the clock days ahead, and then counts: each
// pack of the list has its two files, and nothing else is there.
func noLeftovers(t *testing.T, data string) {
	n, err := node.Start(context.Background(), node.Config{Data: data, Listen: "127.0.0.1:0", Region: node.DefaultRegion,
		Account: sojourntest.Account, LogFormat: "text"}, node.Options{Logs: t.Output(), Now: func() time.Time { return time.Now().Add(48 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	want := packFiles(t, data)
	for try := 0; files(t, filepath.Join(data, "objects")) != want && try < 100; try++ {
		time.Sleep(50 * time.Millisecond) // the sweeper runs in the background
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	want = packFiles(t, data) // it may have compacted
	if got := files(t, filepath.Join(data, "objects")); got != want {
		t.Errorf("%d files in the object store, want %d", got, want)
	}
	if got := files(t, filepath.Join(data, "cache")); got > 10 {
		t.Errorf("%d files in the cache of a stopped server", got)
	}
}

// packFiles counts the blobs of the packs that the repository lists.
func packFiles(t *testing.T, data string) (n int) {
	st, err := sqlite.Open(t.Context(), filepath.Join(data, "sojourn.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	err = st.View(t.Context(), func(tx store.Tx) error {
		r, err := tx.Repository(sojourntest.Account, node.DefaultRegion, "MyDemoRepo")
		if err != nil {
			return err
		}
		list, err := tx.Packs(r.ID)
		for i := range list {
			n += len(git.PackFiles(&list[i]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func files(t *testing.T, dir string) (n int) {
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
