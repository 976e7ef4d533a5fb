package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// knocker asks for a repository's refs with a Git password, over one connection.
type knocker struct {
	*api
	http *http.Client
}

func newKnocker(t *testing.T, s *sojourntest.Server) *knocker {
	k := &knocker{api: &api{t: t, s: s}}
	kept := k.transport()
	kept.DisableKeepAlives = false
	k.http = &http.Client{Transport: sojourntest.Transport(kept)}
	t.Cleanup(kept.CloseIdleConnections)
	return k
}

// knock returns the answer's status, its line, and its Retry-After. forwarded is
// what the client says of where it comes from.
func (k *knocker) knock(c sigv4.Credentials, forwarded string) (status int, line, wait string) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, k.s.URL+"/v1/repos/MyDemoRepo/info/refs?service=git-upload-pack", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	r.SetBasicAuth(sigv4.GitUser(c), sigv4.GitPassword(c.Secret, node.DefaultRegion, k.s.Host(), "/v1/repos/MyDemoRepo", k.s.Now()).Reveal())
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	answer, err := k.http.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), answer.Header.Get("Retry-After")
}

// exhaust uses a key's budget of wrong signatures up.
func (k *knocker) exhaust(c sigv4.Credentials, forwarded string) {
	k.t.Helper()
	for range 200 {
		if status, _, _ := k.knock(c, forwarded); status == http.StatusTooManyRequests {
			return
		}
	}
	k.t.Fatal("never throttled")
}

func wrong(c sigv4.Credentials) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: c.AccessKeyID, Secret: secret.New("a wrong guess")}
}

// A key's wrong signatures are slowed down, whatever the client says of itself;
// its owner, at the same address, never is. It is counted and recorded, once.
func TestThrottledGit(t *testing.T) {
	s := sojourntest.Start(t)
	sh := page(t, s)
	root := &api{t: t, s: s, cred: s.Root("")}
	key := root.user("jo")
	k := newKnocker(t, s)
	s.Hold()
	k.exhaust(wrong(key), "")
	status, line, wait := 0, "", ""
	for i := range 20 {
		status, line, wait = k.knock(wrong(key), fmt.Sprintf("203.0.113.%d", i)) // nobody believes it
	}
	seconds, err := strconv.Atoi(wait)
	if status != 429 || err != nil || seconds < 1 || !strings.HasPrefix(line, "Rate exceeded: ") || strings.Count(line, "\n") != 1 {
		t.Errorf("%d %q, Retry-After %q", status, line, wait)
	}
	if status, line, _ := k.knock(key, ""); status != 200 {
		t.Errorf("the key's owner: %d %s", status, line)
	}
	commit(t, sh, "work").Run("git", "push", "-q", "codecommit://CodeAccess@MyDemoRepo", "main")

	other := shell(s).As(wrong(key))
	said := other.Fail("git", "ls-remote", "codecommit://MyDemoRepo")
	if !strings.Contains(said, "Rate exceeded: too many requests with a wrong access key or signature") {
		t.Errorf("git says %q", said)
	}
	if n := strings.Count(auditText(t, s), `"eventName":"Throttled"`); n != 1 {
		t.Errorf("%d records of it", n)
	}
	if n := strings.Count(s.Logs.String(), `"msg":"throttled"`); n != 1 {
		t.Errorf("%d lines of it in the log", n)
	}
	if failed, refused := counted(t, k, "sojourn_failures_total"), counted(t, k, "sojourn_throttled_total"); failed < 60 || refused < 20 {
		t.Errorf("counted %v failures and %v refusals", failed, refused)
	}
}

// Behind a proxy that is trusted, addresses are told apart by what it says, and
// by nothing that its clients say.
func TestThrottledBehindAProxy(t *testing.T) {
	s := sojourntest.Start(t, func(c *node.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	root := &api{t: t, s: s, cred: s.Root("")}
	root.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	key := root.user("jo")
	k := newKnocker(t, s)
	k.exhaust(wrong(key), "198.51.100.1")
	for i := range 20 { // the proxy adds whom it sees at the end
		if status, _, _ := k.knock(wrong(key), fmt.Sprintf("203.0.113.%d, 198.51.100.1", i)); status != 429 {
			t.Fatalf("a spoofed address: %d", status)
		}
	}
	if status, _, _ := k.knock(wrong(key), "198.51.100.2"); status != 403 {
		t.Errorf("another client of the proxy: %d", status)
	}
}

// The unmodified AWS CLI repeats what is throttled: its repeats make it no worse.
func TestThrottledCLI(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.json("CreateRepository", `{"repositoryName":"MyDemoRepo"}`)
	key := root.user("jo")
	k := newKnocker(t, s)
	s.Hold()
	k.exhaust(wrong(key), "")
	before, refused := counted(t, k, "sojourn_failures_total"), counted(t, k, "sojourn_throttled_total")
	sh := shell(s).As(wrong(key)).Set("AWS_RETRY_MODE", "standard").Set("AWS_MAX_ATTEMPTS", "3")
	said := sh.Fail("aws", "--endpoint-url", s.URL, "codecommit", "list-repositories")
	if n := counted(t, k, "sojourn_throttled_total") - refused; n != 3 || !strings.Contains(said, "(ThrottlingException)") {
		t.Errorf("%v of its requests were throttled; it says %s", n, said)
	}
	if n := counted(t, k, "sojourn_failures_total") - before; n != 0 {
		t.Errorf("its repeats cost %v failures", n)
	}
	s.Turn(time.Second) // as long as it was told
	if status, _, _ := k.knock(wrong(key), ""); status != 403 {
		t.Errorf("behind the wait: %d", status)
	}
	if status, _, _ := k.knock(key, ""); status != 200 {
		t.Errorf("the key's owner: %d", status)
	}
}

// counted is a metric's sum over its labels.
func counted(t *testing.T, k *knocker, name string) (sum float64) {
	t.Helper()
	answer, err := k.http.Get(k.s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, name+"{") {
			fields := strings.Fields(line)
			v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// auditText is all that the audit log has.
func auditText(t *testing.T, s *sojourntest.Server) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(s.Data, "audit"), func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
