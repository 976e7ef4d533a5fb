package e2e

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/server/authority"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// front is a proxy of deploy/ before two nodes.
type front struct {
	t    *testing.T
	dir  string
	addr string
}

// fronts are the examples of deploy/ with the programs that they are for.
var fronts = map[string]struct {
	file string
	run  func(f *front, text string) *exec.Cmd
}{
	"nginx": {"nginx.conf", func(f *front, text string) *exec.Cmd {
		f.write("nginx.conf", "daemon off; pid "+f.dir+"/pid; error_log "+f.dir+"/log;\nevents {}\nhttp {\naccess_log off; client_body_temp_path "+f.dir+"/body; proxy_temp_path "+
			f.dir+"/proxy; fastcgi_temp_path "+f.dir+"/f; uwsgi_temp_path "+f.dir+"/u; scgi_temp_path "+f.dir+"/s;\n"+text+"\n}\n")
		return exec.Command("nginx", "-e", f.dir+"/log", "-p", f.dir, "-c", f.dir+"/nginx.conf")
	}},
	"HAProxy": {"haproxy.cfg", func(f *front, text string) *exec.Cmd {
		f.write("haproxy.cfg", text)
		return exec.Command("haproxy", "-f", f.dir+"/haproxy.cfg")
	}},
}

func (f *front) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// certificate makes one for a name, where the examples look for it.
func (f *front) certificate(host string) {
	f.t.Helper()
	a, err := authority.Open(filepath.Join(f.dir, "authority"), []string{host}, time.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := a.Certificate(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		f.t.Fatal(err)
	}
	var chain bytes.Buffer
	for _, der := range c.Certificate {
		pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	f.write("cert.pem", chain.String())
	f.write("key.pem", text)
	f.write("cert-and-key.pem", chain.String()+text)
}

// startFront runs an example before nodes, with its addresses in place of those in it.
func startFront(t *testing.T, name string, nodes []*sojourntest.Server) *front {
	t.Helper()
	example := fronts[name]
	text, err := os.ReadFile(filepath.Join("../../deploy", example.file))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t: t, dir: t.TempDir(), addr: l.Addr().String()}
	l.Close()
	f.certificate("localhost")
	_, port, _ := net.SplitHostPort(f.addr)
	f.addr = "localhost:" + port
	config := string(text)
	for from, to := range map[string]string{
		"sojourn.example.com": "localhost", "/etc/sojourn/tls": f.dir, "10.0.0.0/24": "127.0.0.0/8",
		"10.0.0.11:8080": strings.TrimPrefix(nodes[0].URL, "http://"), "10.0.0.12:8080": strings.TrimPrefix(nodes[1].URL, "http://"),
		"listen 443 ": "listen 127.0.0.1:" + port + " ", "bind :443 ": "bind 127.0.0.1:" + port + " ",
	} {
		if !strings.Contains(config, from) && !strings.HasPrefix(from, "listen") && !strings.HasPrefix(from, "bind") {
			t.Fatalf("%s has no %q", example.file, from)
		}
		config = strings.ReplaceAll(config, from, to)
	}
	if strings.Contains(config, ":443 ") || strings.Contains(config, " 443 ") {
		t.Fatalf("%s listens where it should not", example.file)
	}
	cmd := example.run(f, config)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/bin"}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v (\"make parts\" installs it)", name, err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
			return f
		}
		if time.Now().After(end) {
			more, _ := os.ReadFile(f.dir + "/log")
			t.Fatalf("%s does not listen: %s%s", name, log.String(), more)
		}
	}
}

// longToken is near the 4,096 characters that a session token may have.
const longToken = 3900

// The examples of deploy/ let through what clients send: a clone, a push of some
// megabytes, and the longest session token, for Git and for the API.
func TestProxies(t *testing.T) {
	t.Parallel()
	plain := func(c *node.Config) { c.PlainHTTP = true }
	nodes, _ := grown(t, 2, plain)
	admin, _ := ana(t, nodes[0])
	cred := admin.longSession(longToken)
	for name := range fronts {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, name, nodes)
			user := shell(nodes[0]).As(cred).Set("AWS_ENDPOINT_URL", "https://"+f.addr).Set("AWS_CA_BUNDLE", filepath.Join(f.dir, "authority", "ca.pem"))
			work := commit(t, user, "work")
			write(t, work, "large", randomText(6<<20))
			work.Run("git", "add", ".")
			work.Run("git", "commit", "-q", "-m", "six megabytes")
			work.Run("git", "push", "-q", demo, "HEAD:refs/heads/"+name)
			user.Run("git", "clone", "-q", "-b", name, demo, "clone")
			same(t, work, user.In("clone"), "HEAD")
			if out := user.Run("aws", "sts", "get-caller-identity"); !strings.Contains(out, "long-session") {
				t.Errorf("the caller is %s", out)
			}
			// A name that is not ours reaches nobody.
			if out, err := exec.CommandContext(t.Context(), "curl", "-sS", "-m", "3", "-k", "-H", "Host: other.example.com", "https://"+f.addr+"/").CombinedOutput(); err == nil {
				t.Errorf("another host is answered %s", out)
			}
		})
	}
}

// longSession has a session token as long as one may be: with tags that do not
// compress.
func (a *api) longSession(length int) (c sigv4.Credentials) {
	a.t.Helper()
	account := "arn:aws:iam::" + sojourntest.Account
	user := a.asUser("long")
	a.role("Tagged", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+account+`:user/long"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`,
		allow("codecommit:*", "sts:*"))
	var last error
	for low, high := 0, 256*20; low < high; { // the most that fits
		n := (low + high + 1) / 2
		params := []string{"Action", "AssumeRole", "RoleSessionName", "long-session", "RoleArn", account + ":role/Tagged"}
		for i := 0; i*256 < n; i++ {
			member := fmt.Sprint("Tags.member.", i+1)
			params = append(params, member+".Key", fmt.Sprint("key", i), member+".Value", randomText(256)[:min(256, n-i*256)])
		}
		out, err := user.tryQuery("sts", params...)
		if err != nil {
			high, last = n-1, err
			continue
		}
		low, c = n, credentials(out)
	}
	if len(c.Token) < length {
		a.t.Fatalf("the longest token has %d characters: %v", len(c.Token), last)
	}
	return c
}
