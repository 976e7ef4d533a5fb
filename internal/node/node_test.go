package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/sojourntest/secretscan"
)

// scan looks for secrets in what nodes log at their most talkative, and leave behind.
var scan = secretscan.New()

func TestMain(m *testing.M) {
	status := m.Run()
	found, summary := scan.Report()
	for _, f := range found {
		fmt.Println("LEAK:", f, "of", summary)
		status = 1
	}
	os.Exit(status)
}

func config(t *testing.T) Config {
	return Config{Data: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Region: DefaultRegion, Account: "111111111111", LogFormat: "text", LogLevel: slog.LevelDebug}
}

// running starts a node, and stops it at the end if stop has not been called.
func running(t *testing.T, c Config) (n *Node, logs *bytes.Buffer, stop func()) {
	t.Helper()
	logs = &bytes.Buffer{}
	n, err := Start(t.Context(), c, Options{Logs: logs, Wrap: scan.Handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scan.Server(c.Data); err != nil {
			t.Error(err)
		}
		scan.Look("log: of a node", logs.String())
	})
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return n, logs, stop
}

func TestStartServeStop(t *testing.T) {
	c := config(t)
	n, _, stop := running(t, c)
	written, err := os.ReadFile(filepath.Join(c.Data, "endpoint"))
	if err != nil || string(written) != n.URL()+"\n" {
		t.Errorf("endpoint holds %q, %v", written, err)
	}
	pem, err := os.ReadFile(filepath.Join(c.Data, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for _, url := range []string{n.URL(), strings.Replace(n.URL(), "127.0.0.1", "localhost", 1)} {
		r, err := client.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", url, r.StatusCode)
		}
	}
	stop()
	if _, err := client.Get(n.URL() + "/readyz"); err == nil {
		t.Error("a stopped node answers")
	}
}

// One server a directory; the second is told.
func TestOneServerADirectory(t *testing.T) {
	c := config(t)
	_, _, stop := running(t, c)
	if _, err := Start(t.Context(), c, Options{Logs: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "another sojourn serve is using it") {
		t.Errorf("the second start: %v", err)
	}
	stop()
	running(t, c)
}

// A database whose keys are lost does not get new ones unasked.
func TestLostKeys(t *testing.T) {
	c := config(t)
	_, _, stop := running(t, c)
	stop()
	if err := os.Remove(filepath.Join(c.Data, "keys", "root.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), c, Options{Logs: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "put it back from its backup") {
		t.Errorf("started without its keys: %v", err)
	}
}

func TestAccounts(t *testing.T) {
	c := config(t)
	_, _, stop := running(t, c)
	stop()
	c.Account = "222222222222"
	_, logs, _ := running(t, c)
	if !strings.Contains(logs.String(), "account ignored") {
		t.Errorf("another first account was taken in silence:\n%s", logs)
	}
	admin, err := OpenAdmin(t.Context(), c.Data) // beside the running server
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	ctx, now := context.Background(), time.Now()
	for _, bad := range [][2]string{{"1", "x"}, {"111111111111", "x"}, {"333333333333", ""}} {
		if admin.CreateAccount(ctx, bad[0], bad[1], now) == nil {
			t.Errorf("account %q made", bad)
		}
	}
	if _, err := admin.Credentials(ctx, "", time.Hour, now); err != nil {
		t.Errorf("the only account: %v", err)
	}
	if err := admin.CreateAccount(ctx, "333333333333", "third", now); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		account string
		life    time.Duration
	}{{"", time.Hour}, {"999999999999", time.Hour}, {"333333333333", 0}, {"333333333333", 13 * time.Hour}} {
		if _, err := admin.Credentials(ctx, bad.account, bad.life, now); err == nil {
			t.Errorf("credentials for %+v", bad)
		}
	}
	list, err := admin.Accounts(ctx)
	if err != nil || len(list) != 2 || list[1].Name != "third" {
		t.Errorf("%v %v", list, err)
	}
	log, err := os.ReadFile(filepath.Join(c.Data, "audit", now.UTC().Format(time.DateOnly)+".jsonl"))
	if err != nil || !strings.Contains(string(log), `"eventName":"AdminCredentials"`) || !strings.Contains(string(log), `"eventName":"CreateAccount"`) {
		t.Errorf("the audit log has\n%s\n%v", log, err)
	}
}

func TestAdminNeedsAServersDirectory(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenAdmin(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "sojourn serve --data") {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("it made %v", entries)
	}
}

func TestBadCertificate(t *testing.T) {
	c := config(t)
	c.TLSCert, c.TLSKey = "/nonexistent", "/nonexistent"
	if _, err := Start(t.Context(), c, Options{Logs: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "tls-cert") {
		t.Error(err)
	}
}
