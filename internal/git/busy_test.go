package git_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sojourn/internal/git"
	"sojourn/internal/git/gitexec"
)

// as is demo's URL for another principal of the account.
func (s *server) as(user string) string { return strings.Replace(s.url, "user:", user+":", 1) }

// stall begins a push and stops in the middle of its pack, until ctx ends.
func (s *server) stall(ctx context.Context, user, half string) {
	in, out := io.Pipe()
	context.AfterFunc(ctx, func() { out.CloseWithError(io.ErrClosedPipe) })
	go io.WriteString(out, half)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.as(user)+"/git-receive-pack", in)
	if err != nil {
		s.t.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	go func() {
		if res, err := http.DefaultClient.Do(r); err == nil {
			res.Body.Close()
		}
	}()
}

func (s *server) streams() gitexec.Load {
	for _, l := range s.engine.Stats().Processes {
		if l.Class == "stream" {
			return l
		}
	}
	return gitexec.Load{}
}

// become waits until so many processes run and so many requests wait.
func (s *server) become(running, waiting int) {
	s.t.Helper()
	waitFor(s.t, fmt.Sprintf("%d to run and %d to wait", running, waiting), func() bool {
		l := s.streams()
		return l.Running == running && l.Waiting == waiting
	})
}

// refusal is what somebody who asks for refs is told.
func (s *server) refusal(user string) string {
	s.t.Helper()
	res, err := http.Get(s.as(user) + "/info/refs?service=git-upload-pack")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return fmt.Sprintf("%d after %s: %s", res.StatusCode, res.Header.Get("Retry-After"), b)
}

// TestBusy: one principal's flood takes no more than its share of places and of
// the queue. It is told so, and when to come back; others are served beside it
// until the queue is full. When clients die their places are free and their
// processes gone.
func TestBusy(t *testing.T) {
	s := start(t, func(o *git.Options) { o.Processes, o.Queue = 4, 8 }) // one principal: three, and two that wait
	w := s.work("work")
	w.git("push", "-q", "origin", "main")
	w.commit("large", noise(200<<10))
	half := commands("", zero+" "+w.git("rev-parse", "main")+" refs/heads/x") + w.pack("main")[:100<<10]
	ctx, die := context.WithCancel(t.Context())
	defer die()
	for range 5 {
		s.stall(ctx, "flood", half)
	}
	s.become(3, 2)
	const own = "too many of your fetches and pushes are running or waiting"
	if got := s.refusal("flood"); !strings.HasPrefix(got, "429 after 30: ") || !strings.Contains(got, own) {
		t.Errorf("the flood is told %q", got)
	}
	for _, args := range [][]string{{"fetch", s.as("flood")}, {"push", s.as("flood"), "main:refs/heads/y"}} {
		if out := w.fails(args...); !strings.Contains(out, "remote: Rate exceeded: "+own) || !strings.Contains(out, "429") {
			t.Errorf("git says:\n%s", out)
		}
	}
	begin := time.Now()
	s.user().git("clone", "-q", s.as("other"), "clone")
	w.git("push", "-q", s.as("other"), "main:refs/heads/other")
	t.Logf("beside a flood, another's clone and push took %v", time.Since(begin))
	s.become(3, 2)

	for i := range 4 {
		for range 2 {
			s.stall(ctx, fmt.Sprint("crowd", i), half)
		}
	}
	s.become(4, 8) // one of them has the fourth place, and one was refused
	if got := s.refusal("another"); !strings.HasPrefix(got, "503 after 30: The server is busy with other fetches and pushes.") {
		t.Errorf("with the queue full: %q", got)
	}
	if out := w.fails("fetch", s.as("another")); !strings.Contains(out, "remote: The server is busy") || !strings.Contains(out, "503") {
		t.Errorf("git says:\n%s", out)
	}

	die()
	s.become(0, 0)
	waitFor(t, "the processes to be gone", func() bool { return len(children()) == 0 })
	w.git("push", "-q", s.as("flood"), "main:refs/heads/y")
	s.user().git("clone", "-q", s.as("another"), "again")
	s.noIntents()
}

// TestSilentClient: who stops sending loses the place, and the process its life.
func TestSilentClient(t *testing.T) {
	silence = 2 * time.Second // longer than a busy machine needs to send what there is
	defer func() { silence = 0 }()
	s := start(t, func(o *git.Options) { o.Processes = 1 })
	w := s.work("work")
	w.commit("large", noise(200<<10))
	half := commands("", zero+" "+w.git("rev-parse", "main")+" refs/heads/x") + w.pack("main")[:100<<10]
	s.stall(t.Context(), "user", half)
	waitFor(t, "the push to begin", func() bool { return s.streams().Started == 1 })
	s.become(0, 0)
	waitFor(t, "its process to be gone", func() bool { return len(children()) == 0 })
	s.noIntents()
}
