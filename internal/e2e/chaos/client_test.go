package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sojourn/internal/pktline"
	"sojourn/internal/sojourntest/lightgit"
)

// The refs that the clients work on.
const (
	mainRef = "refs/heads/main"
	pairA   = "refs/heads/pair/a"
	pairB   = "refs/heads/pair/b"
)

// client is one user with a repository of its own and the git program.
type client struct {
	name   string
	dir    string
	c      *cluster
	h      *history
	random *rand.Rand
	n      int // commits made
}

func newClient(c *cluster, h *history, name string, seed uint64) (*client, error) {
	k := &client{name: name, dir: filepath.Join(c.dir, "client-"+name), c: c, h: h, random: rand.New(rand.NewPCG(seed, uint64(len(name))))}
	if err := os.Mkdir(k.dir, 0o700); err != nil {
		return nil, err
	}
	_, err := k.git(context.Background(), "", "init", "-q", "--bare")
	return k, err
}

// gitError is a git that failed, with what it printed.
type gitError struct {
	err error
	out string
}

func (e *gitError) Error() string { return e.err.Error() + ": " + e.out }

func (k *client) git(ctx context.Context, input string, args ...string) (string, error) {
	if k.c.gits != nil {
		k.c.gits <- struct{}{}
		defer func() { <-k.c.gits }()
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = k.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=gc.auto", "GIT_CONFIG_VALUE_0=0", "GIT_CONFIG_KEY_1=http.lowSpeedTime", "GIT_CONFIG_VALUE_1=60"}
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", &gitError{err, out.String() + errs.String()}
	}
	return strings.TrimSpace(out.String()), nil
}

// commit makes a commit that nobody else makes, on parent ("" for none).
func (k *client) commit(ctx context.Context, parent string) (string, error) {
	k.n++
	text := fmt.Sprintf("%s %d\n", k.name, k.n)
	body := fmt.Sprintf("commit refs/scratch\nmark :1\ncommitter %s <c@example.com> %d +0000\ndata %d\n%s", k.name, 1700000000+k.n, len(text), text)
	if parent != "" {
		body += "from " + parent + "\n"
	}
	content := strings.Repeat(text, 1+k.random.IntN(200))
	body += fmt.Sprintf("M 100644 inline %s/%d\ndata %d\n%s\nget-mark :1\ndone\n", k.name, k.n%20, len(content), content)
	oid, err := k.git(ctx, body, "fast-import", "--quiet", "--force", "--done", "--cat-blob-fd=1")
	if err != nil {
		return "", err
	}
	return oid, nil
}

// push pushes to a random node and notes what came of it.
func (k *client) push(ctx context.Context, changes []change, more ...string) outcome {
	args := append([]string{"push", "--porcelain"}, more...)
	args = append(args, k.c.any(k.random).url(k.h.repo))
	for _, c := range changes {
		args = append(args, "--force-with-lease="+c.Ref+":"+c.Old, c.New+":"+c.Ref)
	}
	o := &op{start: k.h.now(), changes: changes}
	_, err := k.git(context.WithoutCancel(ctx), "", args...)
	o.outcome = outcomeOf(err)
	k.h.add(o)
	return o.outcome
}

// outcomeOf reads git's porcelain: a ref that the server or git itself has
// refused was not changed.
func outcomeOf(err error) outcome {
	if err == nil {
		return acked
	}
	failed, ok := errors.AsType[*gitError](err)
	if ok && strings.Contains(failed.out, "!\t") && (strings.Contains(failed.out, "[remote rejected]") || strings.Contains(failed.out, "[rejected]")) &&
		!strings.Contains(failed.out, "[remote failure]") {
		return rejected
	}
	return unknown
}

// read asks a random node for all refs, as git's protocol version 0 does.
func (k *client) read(ctx context.Context) map[string]string {
	o := &op{start: k.h.now()}
	refs, err := readRefs(ctx, k.c.any(k.random).url(k.h.repo))
	if err != nil {
		return nil // there is no node
	}
	o.read = refs
	k.h.add(o)
	return refs
}

var reader = &http.Client{Timeout: 30 * time.Second}

func readRefs(ctx context.Context, url string) (map[string]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/info/refs?service=git-upload-pack", nil)
	if err != nil {
		return nil, err
	}
	res, err := reader.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %q, %w", res.Status, body, err)
	}
	return parseRefs(body)
}

func parseRefs(body []byte) (map[string]string, error) {
	refs := map[string]string{}
	r := pktline.NewReader(bytes.NewReader(body))
	for {
		kind, line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return refs, nil
		}
		if err != nil {
			return nil, err
		}
		text, _, _ := strings.Cut(string(pktline.Text(line)), "\x00")
		oid, name, ok := strings.Cut(text, " ")
		if kind == pktline.Data && ok && len(oid) == 40 && strings.HasPrefix(name, "refs/") && !strings.HasSuffix(name, "^{}") {
			refs[name] = oid
		}
	}
}

// contend moves main forward, fighting with all others who do.
func (k *client) contend(ctx context.Context) {
	for ctx.Err() == nil {
		_, err := k.git(ctx, "", "fetch", "-q", "--no-tags", k.c.any(k.random).url(k.h.repo), "+"+mainRef+":refs/fetched")
		if err != nil {
			pause(ctx, 20*time.Millisecond)
			continue
		}
		old, err := k.git(ctx, "", "rev-parse", "refs/fetched")
		if err != nil {
			continue
		}
		if id, err := k.commit(ctx, old); err == nil {
			k.push(ctx, []change{{mainRef, old, id}})
		}
	}
}

// own moves refs that nobody else writes, and reads each time what it has
// written, at another node. Several refs go in one atomic push.
func (k *client) own(ctx context.Context, refs ...string) {
	old := ""
	for ctx.Err() == nil {
		id, err := k.commit(ctx, old)
		if err != nil {
			continue
		}
		var changes []change
		for _, r := range refs {
			changes = append(changes, change{r, old, id})
		}
		outcome := k.push(ctx, changes, "--atomic")
		now, ok := k.settle(ctx, refs[0])
		switch {
		case !ok:
			return
		case outcome == acked && now != id:
			k.h.problem("%s pushed %s to %s and reads %q", k.name, id, refs[0], now)
		case outcome == rejected && now == id && len(k.h.kills) == 0:
			k.h.problem("%s is refused %s, and %s has it", k.name, id, refs[0])
		}
		old = now
	}
}

// settle reads a ref, as soon as a node is there.
func (k *client) settle(ctx context.Context, ref string) (string, bool) {
	for ctx.Err() == nil {
		if refs := k.read(ctx); refs != nil {
			return refs[ref], true
		}
		pause(ctx, 20*time.Millisecond)
	}
	return "", false
}

// comeAndGo creates a branch and deletes it.
func (k *client) comeAndGo(ctx context.Context) {
	ref := "refs/heads/passing/" + k.name
	now := ""
	for ctx.Err() == nil {
		c := change{ref, now, ""}
		if now == "" {
			id, err := k.commit(ctx, "")
			if err != nil {
				continue
			}
			c.New = id
		}
		k.push(ctx, []change{c})
		var ok bool
		if now, ok = k.settle(ctx, ref); !ok {
			return
		}
	}
}

// watch reads all the time.
func (k *client) watch(ctx context.Context) {
	for ctx.Err() == nil {
		k.read(ctx)
		pause(ctx, time.Duration(k.random.IntN(10))*time.Millisecond)
	}
}

// gitBytes runs git and returns its output as it is.
func (k *client) gitBytes(command, input string, args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{command}, args...)...)
	cmd.Dir = k.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + k.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	cmd.Stdin = strings.NewReader(input)
	return cmd.Output()
}

// pushBody is the body of a push of one change with a pack.
func pushBody(c change, pack []byte) []byte { return lightgit.PushBody(c.Ref, c.Old, c.New, pack) }
