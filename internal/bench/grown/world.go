package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sojourn/internal/objects/s3/s3test"
	"sojourn/internal/pktline"
	"sojourn/internal/store/postgres/postgrestest"
)

const (
	perNode   = 8 // repositories of each node; so many calls run at a time
	clockTick = 10 * time.Millisecond
)

// stores are the servers that all clusters share a part of.
type stores struct {
	database *postgrestest.Server
	bucket   *s3test.Server
	made     int
}

// env makes new stores and names them.
func (s *stores) env() ([]string, error) {
	s.made++
	name := fmt.Sprint("bench", s.made)
	if err := postgrestest.Exec(s.database.URL("postgres"), "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	objects, err := s.bucket.NewBucket(name)
	return []string{"SOJOURN_METADATA=" + s.database.URL(name), "SOJOURN_OBJECTS=" + objects,
		"AWS_ACCESS_KEY_ID=" + s3test.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey}, err
}

// node is a server's process.
type node struct {
	process *exec.Cmd
	url     string
}

// world is a cluster with repositories.
type world struct {
	bin, dir string
	env      []string
	nodes    []*node
	http     *http.Client
	packs    []pack
	at       []int      // the pack that each repository has had last
	remotes  []*url.URL // of each repository at its node, signed
	signed   time.Time
}

func newWorld(bin, dir string, s *stores, n int, packs []pack) (w *world, err error) {
	w = &world{bin: bin, dir: dir, packs: packs, at: make([]int, n*perNode), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * perNode,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}} // its own authority's, on loopback
	if w.env, err = s.env(); err != nil {
		return nil, err
	}
	for range n {
		if _, err := w.start(); err != nil {
			return w, err
		}
	}
	for i := range w.at {
		if err := w.create(name(i)); err != nil {
			return w, err
		}
	}
	for i := range w.at {
		if err := w.push(i); err != nil {
			return w, err
		}
	}
	return w, nil
}

func name(i int) string { return fmt.Sprint("r", i) }

// start adds a node with a directory of its own and the first one's root keys.
func (w *world) start() (*node, error) {
	data := w.data(len(w.nodes))
	p := exec.Command(filepath.Join(w.bin, "sojourn"), "serve", "--data", data, "--listen", "127.0.0.1:0")
	p.Env = append([]string{"PATH=" + os.Getenv("PATH"), "SOJOURN_ROOT_KEYS=" + filepath.Join(w.data(0), "keys", "root.json")}, w.env...)
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	n := &node{process: p}
	w.nodes = append(w.nodes, n)
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		return nil, fmt.Errorf("a node said %q: %w", line, err)
	}
	n.url = address
	w.signed = time.Time{}
	return n, nil
}

func (w *world) data(i int) string { return filepath.Join(w.dir, fmt.Sprint("data", i)) }

func (w *world) stop() {
	for _, n := range w.nodes {
		n.process.Process.Signal(syscall.SIGTERM)
		n.process.Wait()
	}
	w.nodes = nil
}

// sojourn runs our command as the administrator, at a node.
func (w *world) sojourn(at int, args ...string) (string, error) {
	config := filepath.Join(w.dir, "config")
	process := fmt.Sprintf("[profile admin]\nregion = us-east-1\ncredential_process = %s admin credentials --data %s\n", filepath.Join(w.bin, "sojourn"), w.data(0))
	if err := os.WriteFile(config, []byte(process), 0o600); err != nil {
		return "", err
	}
	c := exec.Command(filepath.Join(w.bin, "sojourn"), args...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "AWS_CONFIG_FILE=" + config, "AWS_PROFILE=admin",
		"AWS_ENDPOINT_URL=" + w.nodes[at].url, "AWS_CA_BUNDLE=" + filepath.Join(w.data(at), "tls", "ca.pem")}, w.env[:2]...)
	c.Env = append(c.Env, "SOJOURN_ROOT_KEYS="+filepath.Join(w.data(0), "keys", "root.json"))
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("sojourn %v: %w\n%s", args, err, said.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func (w *world) create(repository string) error {
	_, err := w.sojourn(0, "codecommit", "create-repository", "--repository-name", repository)
	return err
}

// sign makes the remotes anew when their signatures are about to end.
func (w *world) sign() error {
	if time.Since(w.signed) < 5*time.Minute {
		return nil
	}
	w.remotes = nil
	for i := range w.at {
		u, err := w.remote(i%len(w.nodes), name(i))
		if err != nil {
			return err
		}
		w.remotes = append(w.remotes, u)
	}
	w.signed = time.Now()
	return nil
}

func (w *world) remote(at int, repository string) (*url.URL, error) {
	text, err := w.sojourn(at, "sign-url", "codecommit://admin@"+repository)
	if err != nil {
		return nil, err
	}
	return url.Parse(text)
}

// run is what so many calls took.
type run struct {
	calls  int
	cpu    time.Duration // of all nodes and their children
	server time.Duration // of a request, by the nodes' own clocks
	each   []time.Duration
}

func (r run) percentile(p int) time.Duration { return r.each[min(len(r.each)-1, len(r.each)*p/100)] }

// load lets as many call at a time as are at each node, or one at all of them
// together, each about a repository of its own and so many times.
func (w *world) load(times, callers int, call func(*world, int) error) (r run, err error) {
	if err := w.sign(); err != nil {
		return r, err
	}
	before, err := w.used()
	if err != nil {
		return r, err
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed atomic.Pointer[error]
	for i := range max(1, callers*len(w.nodes)) {
		all.Go(func() {
			for range times {
				begin := time.Now()
				if err := call(w, i); err != nil {
					failed.Store(&err)
					return
				}
				mu.Lock()
				r.each = append(r.each, time.Since(begin))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return r, *err
	}
	after, err := w.used()
	r.calls, r.cpu = len(r.each), after.cpu-before.cpu
	r.server = (after.answering - before.answering) / time.Duration(max(1, after.answers-before.answers))
	slices.Sort(r.each)
	return r, err
}

// use is what the nodes of a world have done so far.
type use struct {
	cpu, answering time.Duration
	answers        int
}

func (w *world) used() (u use, err error) {
	for _, n := range w.nodes {
		seconds, count, err := w.answered(n)
		if err != nil {
			return u, err
		}
		u.answering += seconds
		u.answers += count
	}
	u.cpu, err = w.cpu()
	return u, err
}

// answered is how long a node says that it has worked on requests of git's.
func (w *world) answered(n *node) (took time.Duration, count int, err error) {
	res, err := w.http.Get(n.url + "/metrics")
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if !strings.Contains(name, `route="git"`) {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case strings.HasPrefix(name, "sojourn_request_seconds_sum"):
			took += time.Duration(v * float64(time.Second))
		case strings.HasPrefix(name, "sojourn_request_seconds_count"):
			count += int(v)
		}
	}
	return took, count, lines.Err()
}

// cpu is the processor time of all nodes and of the processes they waited for.
func (w *world) cpu() (sum time.Duration, err error) {
	for _, n := range w.nodes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.process.Process.Pid))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, f := range fields[11:15] { // utime, stime, cutime, cstime
			ticks, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(ticks) * clockTick
		}
	}
	return sum, nil
}

// ask sends a request of Git's about a repository to the node whose turn it is.
func (w *world) ask(i int, path string, body []byte, kind string) ([]byte, error) {
	if err := w.sign(); err != nil {
		return nil, err
	}
	return ask(w.http, w.remotes[i], path, body, kind)
}

func ask(client *http.Client, remote *url.URL, path string, body []byte, kind string) ([]byte, error) {
	u := *remote
	u.User = nil
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, u.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	password, _ := remote.User.Password()
	r.SetBasicAuth(remote.User.Username(), password)
	if kind != "" {
		r.Header.Set("Content-Type", "application/x-"+kind+"-request")
	}
	r.Header.Set("Git-Protocol", "version=2")
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	kept := &head{}
	if _, err := io.Copy(kept, res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s %.300s", method, path, res.Status, kept.b)
	}
	return kept.b, nil
}

// head keeps the beginning of what is written.
type head struct{ b []byte }

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), 64<<10-len(h.b))]...)
	return len(p), nil
}

func (w *world) lsRemote(i int) error {
	if _, err := w.ask(i, "/info/refs?service=git-upload-pack", nil, ""); err != nil {
		return err
	}
	body := pktline.Append(nil, "command=ls-refs\n")
	body = append(body, pktline.DelimPacket...)
	body = append(pktline.Append(body, "peel\n"), pktline.FlushPacket...)
	out, err := w.ask(i, "/git-upload-pack", body, "git-upload-pack")
	if err == nil && !bytes.Contains(out, []byte("refs/heads/main")) {
		err = fmt.Errorf("ls-refs answers %q", out)
	}
	return err
}

func (w *world) clone(i int) error {
	if err := w.sign(); err != nil {
		return err
	}
	return fetch(w.http, w.remotes[i], w.packs[w.at[i]-1].tip, "")
}

// fetch asks for a commit, from one that it has.
func fetch(client *http.Client, remote *url.URL, want, has string) error {
	body := pktline.Append(nil, "command=fetch\n")
	body = append(body, pktline.DelimPacket...)
	body = pktline.Append(body, "ofs-delta\n")
	body = pktline.Append(body, "no-progress\n")
	body = pktline.Append(body, "want "+want+"\n")
	if has != "" {
		body = pktline.Append(body, "have "+has+"\n")
	}
	body = append(pktline.Append(body, "done\n"), pktline.FlushPacket...)
	out, err := ask(client, remote, "/git-upload-pack", body, "git-upload-pack")
	if err == nil && !bytes.Contains(out, []byte("packfile")) {
		err = fmt.Errorf("fetch answers %.300q", out)
	}
	return err
}

// push sends a repository the commit that it does not have yet.
func (w *world) push(i int) error {
	if w.at[i] == len(w.packs) {
		return errors.New("there are no more commits")
	}
	if err := w.sign(); err != nil {
		return err
	}
	if err := pushTo(w.http, w.remotes[i], w.packs[w.at[i]]); err != nil {
		return err
	}
	w.at[i]++
	return nil
}

func pushTo(client *http.Client, remote *url.URL, p pack) error {
	body := pktline.Append(nil, p.parent+" "+p.tip+" refs/heads/main\x00 report-status")
	body = append(append(body, pktline.FlushPacket...), p.data...)
	out, err := ask(client, remote, "/git-receive-pack", body, "git-receive-pack")
	if err == nil && !bytes.Contains(out, []byte("ok refs/heads/main")) {
		err = fmt.Errorf("the push is answered %q", out)
	}
	return err
}
