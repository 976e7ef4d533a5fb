package remotehelper

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sojourn/internal/client/clienttest"
)

// The programs that the scripts run are this test binary under other names.
// Its helper is the real one but for the clock, which TEST_CLOCK stops.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"git-remote-codecommit": func() {
			p := OS()
			p.Now = testClock
			os.Exit(Main(context.Background(), p))
		},
		"git-remote-http": clienttest.RemoteHTTP,
		// askpass answers 123456 and keeps count.
		"askpass": func() {
			f, err := os.OpenFile(os.Getenv("WORK")+"/asked", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err == nil {
				fmt.Fprintln(f, os.Args[1])
			}
			fmt.Println("123456")
		},
	})
}

// testClock is TEST_CLOCK, or what stands in the file "clock" if a script has written one.
func testClock() time.Time { return clock(os.Getenv("WORK"), os.Getenv("TEST_CLOCK")) }

func clock(work, text string) time.Time {
	if b, err := os.ReadFile(filepath.Join(work, "clock")); err == nil {
		text = strings.TrimSpace(string(b))
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Now()
	}
	return t
}

// TestScripts runs testdata/*.txtar. Each begins with an empty home directory,
// an STS at $STS that takes the key AKIDEXAMPLE/secret and logs to sts.log, and
// a Git server at https://$GITHOST that takes the same key and the first two sessions for us-east-1,
// and a proxy at $PROXY.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: setUp, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"lines": lines, "gitanswers": gitAnswers, "gitsaw": gitSaw, "gitrevokes": gitRevokes, "stsrevokes": stsRevokes, "tunnels": tunnels,
	}})
}

type gitKey struct{}

type stsKey struct{}

type proxyKey struct{}

// turn sets the clock as the file "turn" says, if there is one, when the Git
// server has let a fetch's POST in. Its lines are for one such request each.
func turn(work string, r *http.Request) {
	path := filepath.Join(work, "turn")
	if !strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
		return
	}
	if b, err := os.ReadFile(path); err == nil {
		now, rest, _ := strings.Cut(string(b), "\n")
		os.WriteFile(path, []byte(rest), 0o600)
		if now != "" {
			os.WriteFile(filepath.Join(work, "clock"), []byte(now), 0o600)
		}
	}
}

func setUp(e *testscript.Env) error {
	sts := clienttest.NewSTS(false)
	e.Defer(sts.Close)
	sts.Keys["AKIDEXAMPLE"] = "secret"
	sts.Now = func() time.Time { return clock(e.WorkDir, "2026-11-23T12:00:00Z") }
	var mu sync.Mutex
	sts.Log = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if f, err := os.OpenFile(filepath.Join(e.WorkDir, "sts.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			fmt.Fprintln(f, line)
			f.Close()
		}
	}
	git, err := clienttest.NewGit(filepath.Join(e.WorkDir, "srv"), "us-east-1")
	if err != nil {
		return err
	}
	e.Defer(git.Close)
	git.Keys["AKIDEXAMPLE"], git.Keys["ASIASESSION1"], git.Keys["ASIASESSION2"] = "secret", "secret-1", "secret-2"
	git.Now = sts.Now
	git.Before = func(r *http.Request) { turn(e.WorkDir, r) }
	if err := clienttest.WriteCA(filepath.Join(e.WorkDir, "ca.pem"), git.Server); err != nil {
		return err
	}
	proxy := clienttest.NewProxy()
	e.Defer(proxy.Close)
	e.Values[gitKey{}], e.Values[stsKey{}], e.Values[proxyKey{}] = git, sts, proxy
	home := filepath.Join(e.WorkDir, "home")
	for name, value := range map[string]string{"HOME": home, "USERPROFILE": home, "STS": sts.URL, "GITHOST": git.Listener.Addr().String(), "PROXY": proxy.URL,
		"GIT_CONFIG_NOSYSTEM": "1", "AWS_EC2_METADATA_DISABLED": "true", "TEST_CLOCK": "2026-11-23T12:00:00Z"} {
		e.Setenv(name, value)
	}
	return os.MkdirAll(home, 0o700)
}

// lines N FILE: the file has N lines. A file that is not there has none.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	n := 0
	if b, err := os.ReadFile(ts.MkAbs(args[1])); err == nil {
		for _, c := range b {
			if c == '\n' {
				n++
			}
		}
	}
	if fmt.Sprint(n) != args[0] {
		ts.Fatalf("%s has %d lines, want %s:\n%s", args[1], n, args[0], ts.ReadFile(args[1]))
	}
}

// gitanswers STATUS: from now on the Git server answers nothing else; 0 ends that.
func gitAnswers(ts *testscript.TestScript, _ bool, args []string) {
	var status int
	fmt.Sscan(args[0], &status)
	ts.Value(gitKey{}).(*clienttest.Git).Answer(status)
}

// gitrevokes ID: from now on the Git server does not take that session (403).
func gitRevokes(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(gitKey{}).(*clienttest.Git).Revoke(args[0])
}

// stsrevokes ID: nor does STS.
func stsRevokes(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(stsKey{}).(*clienttest.STS).Revoke(args[0])
}

// tunnels N: the proxy has opened so many.
func tunnels(ts *testscript.TestScript, _ bool, args []string) {
	if n := ts.Value(proxyKey{}).(*clienttest.Proxy).Tunnels.Load(); fmt.Sprint(n) != args[0] {
		ts.Fatalf("%d tunnels", n)
	}
}

// gitsaw USER: the Git server has seen requests, and no user but this one.
func gitSaw(ts *testscript.TestScript, _ bool, args []string) {
	seen := ts.Value(gitKey{}).(*clienttest.Git).Seen()
	if len(seen) == 0 {
		ts.Fatalf("nobody signed in")
	}
	for _, header := range seen {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if user, _, _ := r.BasicAuth(); user != args[0] {
			ts.Fatalf("%q signed in", user)
		}
	}
}
