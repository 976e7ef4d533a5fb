//go:build linux

package soak

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"sojourn/internal/node"
)

// leakVariable tells a process of this test that it is a server which leaks.
const leakVariable = "SOJOURN_SOAK_LEAK"

// planted tells such a process to leak; with "nothing" it is the control.
const planted = "everything"

// leaks are planted before the server's own handler, which has no switch for
// any: each tenth request leaves something behind. Name is the figure that shows it.
var leaks = []struct {
	name string
	leak func(data string, n int) error
}{
	{"descriptors", func(string, int) error { return keep(os.Open(os.DevNull)) }},
	{"goroutines", func(string, int) error {
		go func() { select {} }()
		return nil
	}},
	{"threads", func(string, int) error {
		go func() {
			runtime.LockOSThread()
			select {}
		}()
		return nil
	}},
	{"anonymous MiB", func(_ string, n int) error { return keep(bytes.Repeat([]byte{byte(n)}, 3<<20), nil) }},
	{"child processes", func(string, int) error {
		c := exec.Command("sleep", "600")
		return keep(c, c.Start())
	}},
	{"temporary files", func(string, int) error { return keep(os.CreateTemp("", "left-")) }},
	{"object files of no row", func(data string, n int) error {
		return os.WriteFile(filepath.Join(data, "objects", fmt.Sprint("left-", n)), nil, 0o600)
	}},
	{"other files", func(data string, n int) error {
		return os.WriteFile(filepath.Join(data, fmt.Sprint("left-", n)), nil, 0o600)
	}},
}

// kept is what would else be collected and closed.
var kept sync.Map

func keep[T any](v T, err error) error {
	kept.Store(new(int), v)
	return err
}

func serveLeaking(what string) error {
	data := os.Getenv("SOAK_DATA")
	ctx := context.Background()
	var requests atomic.Int64
	wrap := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := requests.Add(1)
			for _, l := range leaks {
				if what != planted || n%10 != 0 || r.URL.Path == "/metrics" { // which is asked until nothing moves
					break
				}
				if err := l.leak(data, int(n)); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
			next.ServeHTTP(w, r)
		})
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	n, err := node.Start(ctx, node.Config{Data: data, Listen: "127.0.0.1:0", Region: region, Account: account, LogFormat: "text",
		FederationAllow: loopback, FederationCA: os.Getenv("SOAK_CA")}, node.Options{Logs: os.Stderr, Now: time.Now, Wrap: wrap})
	if err != nil {
		return err
	}
	fmt.Println("listening on", n.URL())
	select {}
}
