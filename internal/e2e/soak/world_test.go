//go:build linux

package soak

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sojourn/internal/devidp"
	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/node"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

const (
	account      = sojourntest.Account
	region       = node.DefaultRegion
	role         = "arn:aws:iam::" + account + ":role/CodeCommitAccess"
	samlProvider = "arn:aws:iam::" + account + ":saml-provider/Example"
	repositories = 8
)

// world is a server in a process of its own, its identity providers and its users.
type world struct {
	t         *testing.T
	data, tmp string
	url       string
	cmd       *exec.Cmd
	idp       *devidp.Provider
	saml      *samltest.IdP
	user      sigv4.Credentials // who may assume the role
	root      sigv4.Credentials
	http      *http.Client
	ledger    ledger
	bigTip    string // of repository big
}

// start runs a server: the product's own, or one with a leak.
func start(t *testing.T, leak string) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir(), tmp: t.TempDir()}
	var err error
	if w.idp, err = devidp.Start(t.TempDir(), time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.idp.Close() })
	if leak == "" {
		w.cmd = exec.Command(filepath.Join(bin, "sojourn"), "serve", "--data", w.data, "--listen", "127.0.0.1:0", "--account", account,
			"--federation-allow-cidr", "127.0.0.0/8", "--federation-allow-cidr", "::1/128", "--federation-ca", w.idp.CA)
	} else {
		w.cmd = exec.Command(os.Args[0])
	}
	w.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + w.tmp, leakVariable + "=" + leak, "SOAK_DATA=" + w.data, "SOAK_CA=" + w.idp.CA}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	w.cmd.Stderr = log
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.end(log.Name()) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "listening on ") {
		t.Fatalf("the server says %q, %v", line, err)
	}
	w.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	w.http = w.client("")
	return w
}

// end stops the server as an operator does, which must succeed, and looks for panics.
func (w *world) end(log string) {
	for _, pid := range children(w.cmd.Process.Pid) { // of a planted leak
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
	w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil && w.cmd.Env[2] == leakVariable+"=" {
		w.t.Errorf("the server ends: %v", err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		w.t.Error(err)
	}
	if i := bytes.Index(text, []byte("panic")); i >= 0 {
		w.t.Errorf("the server panicked: %.3000s", text[i:])
	}
}

// client trusts the server's authority and comes from a loopback address of its own.
func (w *world) client(from string) *http.Client {
	pem, err := os.ReadFile(w.ca())
	if err != nil {
		w.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	dialer := &net.Dialer{}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: dialer.DialContext}}
}

func (w *world) ca() string   { return filepath.Join(w.data, "tls", "ca.pem") }
func (w *world) host() string { return strings.TrimPrefix(w.url, "https://") }

// prepare makes what the clients work with.
func (w *world) prepare() {
	w.t.Helper()
	w.root = sojourntest.At(w.t, w.data, w.url).Root("")
	as := func(params ...string) map[string]string {
		w.t.Helper()
		out, err := w.query(w.t.Context(), w.http, w.root, "iam", params...)
		if err != nil {
			w.t.Fatal(err)
		}
		return out
	}
	w.saml = samltest.New("https://idp.example.com/saml", time.Now())
	as("Action", "CreateOpenIDConnectProvider", "Url", w.idp.URL, "ClientIDList.member.1", "sojourn")
	as("Action", "CreateSAMLProvider", "Name", "Example", "SAMLMetadataDocument", w.saml.Metadata())
	as("Action", "CreateRole", "RoleName", "CodeCommitAccess", "AssumeRolePolicyDocument", w.trust())
	as("Action", "PutRolePolicy", "RoleName", "CodeCommitAccess", "PolicyName", "inline", "PolicyDocument", allow("codecommit:*"))
	as("Action", "CreateUser", "UserName", "maria")
	as("Action", "PutUserPolicy", "UserName", "maria", "PolicyName", "inline", "PolicyDocument", allow("sts:AssumeRole", "codecommit:*"))
	w.user = credentials(as("Action", "CreateAccessKey", "UserName", "maria"))
	for i := range repositories {
		if err := w.json(w.t.Context(), w.http, w.root, "CreateRepository", `{"repositoryName":"`+repoName(i)+`"}`); err != nil {
			w.t.Fatal(err)
		}
	}
	w.fill()
}

// fill pushes a file to the repository big.
func (w *world) fill() {
	w.t.Helper()
	k := &client{w: w, name: "filler", home: w.t.TempDir()}
	err := k.settings()
	for _, args := range [][]string{{"init", "-q", "work"}, {}, {"-C", "work", "add", "."}, {"-C", "work", "commit", "-q", "-m", "A large file"},
		{"-C", "work", "push", "-q", remote(big), "HEAD:refs/heads/main"}, {"-C", "work", "rev-parse", "HEAD"}} {
		switch {
		case err != nil:
		case len(args) == 0:
			err = k.write(8 << 20)
		default:
			w.bigTip, err = k.git(w.t.Context(), args...)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.bigTip = strings.TrimSpace(w.bigTip)
	w.ledger.push(1, 0, 0)
}

func repoName(i int) string { return fmt.Sprint("repository-", i%repositories) }

// trust lets in the account's users and those whom the two providers sign in.
func (w *world) trust() string {
	host := w.idp.Host()
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"sts:AssumeRole"},
		{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + account + `:oidc-provider/` + host + `"},"Action":"sts:AssumeRoleWithWebIdentity",
		"Condition":{"StringEquals":{"` + host + `:aud":"sojourn"}}},
		{"Effect":"Allow","Principal":{"Federated":"` + samlProvider + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"],
		"Condition":{"StringEquals":{"SAML:aud":"` + w.url + `/saml"}}}]}`
}

func allow(actions ...string) string {
	b, _ := json.Marshal(actions) // strings always encode
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + string(b) + `,"Resource":"*"}]}`
}

func credentials(answer map[string]string) sigv4.Credentials {
	return sigv4.Credentials{AccessKeyID: answer["AccessKeyId"], Secret: secret.New(answer["SecretAccessKey"]), Token: answer["SessionToken"]}
}

// refused is an answer that is no success.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// query calls an operation of STS or IAM and returns the leaves of its answer.
// Without credentials it is not signed.
func (w *world) query(ctx context.Context, by *http.Client, as sigv4.Credentials, service string, params ...string) (map[string]string, error) {
	form := url.Values{"Version": {map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}[service]}}
	for i := 0; i+1 < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	body, err := w.send(ctx, by, as, service, "application/x-www-form-urlencoded", "", form.Encode())
	if err != nil {
		return nil, err
	}
	out, name := map[string]string{}, ""
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.CharData:
			out[name] += strings.TrimSpace(string(t))
		}
	}
}

// json calls an operation of CodeCommit.
func (w *world) json(ctx context.Context, by *http.Client, as sigv4.Credentials, operation, body string) error {
	_, err := w.send(ctx, by, as, "codecommit", "application/x-amz-json-1.1", "CodeCommit_20150413."+operation, body)
	return err
}

func (w *world) send(ctx context.Context, by *http.Client, as sigv4.Credentials, service, kind, target, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	if as.AccessKeyID != "" {
		sum := sha256.Sum256([]byte(body))
		sigv4.SignHeader(r, hex.EncodeToString(sum[:]), as, service, region, time.Now())
	}
	return answer(by, r)
}

// gitRequest asks a repository as git does, signed for now.
func (w *world) gitRequest(ctx context.Context, as sigv4.Credentials, repo, rest string, body io.Reader) (*http.Request, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, w.url+"/v1/repos/"+repo+rest, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-"+strings.TrimPrefix(rest, "/")+"-request")
	}
	r.SetBasicAuth(sigv4.GitUser(as), sigv4.GitPassword(as.Secret, region, w.host(), "/v1/repos/"+repo, time.Now()).Reveal())
	return r, nil
}

// answer is the body of an answer with status 200.
func answer(by *http.Client, r *http.Request) ([]byte, error) {
	a, err := by.Do(r)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		err = &refused{a.StatusCode, string(body)}
	}
	return body, err
}
