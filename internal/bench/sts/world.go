package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// world is a server process with a user who may assume a role.
type world struct {
	target
	process *exec.Cmd
	http    *http.Client
	user    sigv4.Credentials
	usage   func(name string) (float64, error) // of a peer, which has no metrics of these names
}

// run starts a server that says where it listens.
func run(process *exec.Cmd) (*world, error) {
	w := &world{process: process}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("the server said %q", line), err, w.stop())
	}
	w.http = &http.Client{}
	w.url, err = url.Parse(address)
	return w, err
}

// start runs BIN/sojourn serve on a new data directory below dir.
func start(bin, dir string, flags ...string) (*world, error) {
	data := filepath.Join(dir, "data")
	w, err := run(exec.Command(filepath.Join(bin, "sojourn"), append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, flags...)...))
	if err != nil {
		return nil, err
	}
	if err := w.trust(data); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	if w.user, err = w.setUp(bin, dir); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

// trust takes the server's own authority, if it serves TLS.
func (w *world) trust(data string) error {
	if w.url.Scheme == "http" {
		return nil
	}
	pem, err := os.ReadFile(filepath.Join(data, "tls", "ca.pem"))
	if err != nil {
		return err
	}
	w.tls = &tls.Config{RootCAs: x509.NewCertPool()}
	w.tls.RootCAs.AppendCertsFromPEM(pem)
	w.http.Transport = &http.Transport{TLSClientConfig: w.tls}
	return nil
}

// setUp makes a user with a key and a role that trusts the account.
func (w *world) setUp(bin, dir string) (c sigv4.Credentials, err error) {
	script := `set -e
sojourn configure set region us-east-1
sojourn configure set credential_process "sojourn admin credentials --data $HOME/data" --profile admin
trust='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + node.DefaultAccount + `:root"},"Action":"sts:AssumeRole"}]}'
may='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","codecommit:*"],"Resource":"*"}]}'
sojourn iam create-role --role-name R --assume-role-policy-document "$trust" --profile admin >&2
sojourn iam create-user --user-name u --profile admin >&2
sojourn iam put-user-policy --user-name u --policy-name p --policy-document "$may" --profile admin >&2
sojourn iam create-access-key --user-name u --profile admin
`
	sh := exec.Command("sh", "-c", script)
	sh.Dir, sh.Env = dir, []string{"HOME=" + dir, "PATH=" + bin + ":" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + w.url.String()}
	if w.tls != nil {
		sh.Env = append(sh.Env, "AWS_CA_BUNDLE="+filepath.Join(dir, "data", "tls", "ca.pem"))
	}
	var said strings.Builder
	sh.Stderr = &said
	out, err := sh.Output()
	if err != nil {
		return c, fmt.Errorf("preparing: %w\n%s", err, said.String())
	}
	var key struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	if err := json.Unmarshal(out, &key); err != nil {
		return c, fmt.Errorf("preparing: %w", err)
	}
	return sigv4.Credentials{AccessKeyID: key.AccessKey.AccessKeyId, Secret: secret.New(key.AccessKey.SecretAccessKey)}, nil
}

func (w *world) stop() error {
	w.process.Process.Signal(syscall.SIGTERM)
	return w.process.Wait()
}

// load sends the request that is measured, signed anew for each run, and adds
// what it cost the server.
func (w *world) load(conns, n int) (*load, error) {
	request, err := signed(w.target, w.user, "sts", node.DefaultRegion, url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"},
		"RoleArn": {"arn:aws:iam::" + node.DefaultAccount + ":role/R"}, "RoleSessionName": {"bench"},
	}, time.Now())
	if err != nil {
		return nil, err
	}
	before, err := w.metric("process_cpu_seconds_total")
	if err != nil {
		return nil, err
	}
	l, err := send(w.target, request, conns, n)
	if err != nil {
		return nil, err
	}
	after, err := w.metric("process_cpu_seconds_total")
	if err != nil {
		return nil, err
	}
	l.perCall = time.Duration((after - before) * float64(time.Second) / float64(len(l.each)))
	return l, nil
}

// metric reads a number of the server about itself.
func (w *world) metric(name string) (float64, error) {
	if w.usage != nil {
		return w.usage(name)
	}
	resp, err := w.http.Get(w.url.String() + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %q", name)
}
