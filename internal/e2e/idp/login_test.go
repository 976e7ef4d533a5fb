package idp

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sojourn/internal/federation/saml/samltest"
	"sojourn/internal/sojourntest"
)

// signingIn is "sojourn login" while the user is at the provider.
type signingIn struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  *bufio.Reader
	out   bytes.Buffer
	paste io.WriteCloser
	heard strings.Builder
}

// login starts "sojourn login".
func login(sh *sojourntest.Shell, t *testing.T, args ...string) *signingIn {
	t.Helper()
	l := &signingIn{t: t, cmd: sh.Command("sojourn", append([]string{"login"}, args...)...)}
	l.cmd.Stdout = &l.out
	stderr, err := l.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if l.paste, err = l.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	l.said = bufio.NewReader(stderr)
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.cmd.Process.Kill() })
	return l
}

// next waits for a line that pattern matches and returns its group.
func (l *signingIn) next(pattern string) string {
	l.t.Helper()
	form := regexp.MustCompile(pattern)
	for {
		line, err := l.said.ReadString('\n')
		l.heard.WriteString(line)
		if m := form.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			return m[1]
		}
		if err != nil {
			l.t.Fatalf("login did not say %s:\n%s", pattern, l.heard.String())
		}
	}
}

// done waits for the end and returns what was printed.
func (l *signingIn) done() (string, error) {
	rest, _ := io.ReadAll(l.said) // up to its end
	l.heard.Write(rest)
	err := l.cmd.Wait()
	return l.out.String() + l.heard.String(), err
}

func (l *signingIn) succeeds() string {
	l.t.Helper()
	out, err := l.done()
	if err != nil {
		l.t.Fatalf("login: %v\n%s", err, out)
	}
	return out
}

// walk fills in forms until a page has none, and returns that page.
func (b *browser) walk(address string) (page string, last *http.Response) {
	b.t.Helper()
	resp, err := b.client.Get(address)
	for range 8 {
		if err != nil {
			b.t.Fatal(err)
		}
		page = b.body(resp)
		f := parseForm(page)
		if f == nil {
			return page, resp
		}
		resp, err = b.submit(resp.Request.URL, f)
	}
	b.t.Fatalf("eight forms did not lead to an end; the last was of %s", resp.Request.URL)
	return "", nil
}

// trustingBoth makes a developer whose authorities are the server's and the provider's.
func (w *world) trustingBoth(f *front) *sojourntest.Shell {
	sh := w.developer()
	return sh.Set("AWS_CA_BUNDLE", sh.Write("ca.pem", read(w.t, w.CA())+read(w.t, f.CA)))
}

func checkSignedIn(t *testing.T, sh *sojourntest.Shell, profile string) {
	t.Helper()
	if got := sh.Run("sojourn", "whoami", "--profile", profile); !strings.Contains(got, ":assumed-role/CodeCommitAccess/maria") {
		t.Errorf("whoami: %s", got)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	sh.Run("git", "clone", "-q", "codecommit://"+profile+"@MyDemoRepo", clone)
}

// TestLoginDex signs in with sojourn login at Dex: by the browser, by a pasted
// address, and by device code; then logs out.
func TestLoginDex(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	issuer := f.URL + "/dex"
	dex(t, f)
	w := newWorld(t, f)
	w.trustsClient(issuer, "sojourn-cli", dexSubject)
	sh := w.trustingBoth(f)
	sh.Write(".aws/config", "# kept\n[default]\nregion = eu-west-1\n\n[profile other]\n# and this\nregion=x\n")
	before := read(t, filepath.Join(sh.Home, ".aws/config"))
	maria := map[string]string{"login": "maria@example.com", "password": "maria-secret"}

	l := login(sh, t, "--profile", "CodeAccess", "--issuer", issuer, "--client-id", "sojourn-cli", "--role-arn", roleARN, "--region", "us-east-1", "--remember")
	page, _ := newBrowser(t, f, maria).walk(l.next(`^(https://\S+)$`))
	if out := l.succeeds(); !strings.Contains(page, "You are signed in") || !strings.Contains(out, "codecommit://CodeAccess@REPOSITORY") {
		t.Fatalf("%s\n%s", page, out)
	}
	checkSignedIn(t, sh, "CodeAccess")
	sh.Run("aws", "--endpoint-url", w.URL, "sts", "get-caller-identity", "--profile", "CodeAccess")

	// Over ssh: the browser is elsewhere, and the user pastes where it ended.
	l = login(sh, t, "--profile", "CodeAccess", "--no-browser")
	b := newBrowser(t, f, maria)
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Hostname() == "127.0.0.1" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	_, end := b.walk(l.next(`^(https://\S+)$`))
	io.WriteString(l.paste, "nonsense\n"+end.Header.Get("Location")+"\n")
	if out := l.succeeds(); !strings.Contains(out, "That is not it") {
		t.Error(out)
	}

	l = login(sh, t, "--profile", "device", "--issuer", issuer, "--client-id", "sojourn-cli", "--role-arn", roleARN, "--region", "us-east-1", "--device")
	if page, _ := newBrowser(t, f, maria).walk(l.next(`^(https://\S+user_code\S+)$`)); !strings.Contains(page, "Login Successful") {
		t.Fatal(page)
	}
	l.succeeds()
	checkSignedIn(t, sh, "device")

	for _, profile := range []string{"device", "CodeAccess"} {
		sh.Run("sojourn", "logout", "--profile", profile)
	}
	if after := read(t, filepath.Join(sh.Home, ".aws/config")); after != before {
		t.Errorf("login and logout leave\n%s", after)
	}
	if left, _ := filepath.Glob(filepath.Join(sh.Home, ".aws/sojourn/login/*")); len(left) > 0 {
		t.Errorf("logout leaves %s", left)
	}
}

// TestLoginOIDCProvider signs in at the npm package oidc-provider, which tells
// its issuer in the answer (RFC 9207) and keeps refresh tokens for who asks.
func TestLoginOIDCProvider(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	start(t, f.local("/.well-known/openid-configuration"),
		script(t, "oidc-provider.mjs", "ISSUER="+f.URL, "LISTEN="+f.backend, "CLIENT_SECRET="+clientSecret, "CALLBACK="+callback))
	w := newWorld(t, f)
	w.trustsClient(f.URL, "sojourn-cli", "maria")
	sh := w.trustingBoth(f)
	maria := map[string]string{"login": "maria", "password": "any"}

	l := login(sh, t, "--profile", "CodeAccess", "--issuer", f.URL, "--client-id", "sojourn-cli", "--role-arn", roleARN, "--region", "us-east-1", "--remember")
	page, _ := newBrowser(t, f, maria).walk(l.next(`^(https://\S+)$`))
	if out := l.succeeds(); !strings.Contains(page, "You are signed in") || strings.Contains(out, "no refresh token") {
		t.Fatalf("%s\n%s", page, out)
	}
	checkSignedIn(t, sh, "CodeAccess")

	// The ID token is over: git gets a new one by itself, once.
	token := strings.TrimSpace(sh.Run("sojourn", "configure", "get", "web_identity_token_file", "--profile", "CodeAccess"))
	n := 0
	expire := func() (over string) {
		n++ // another text, so that no session of it is kept
		over = "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iss":"%s","sub":"maria","aud":"sojourn-cli","exp":%d}`, f.URL, n)) + ".c2ln"
		write(t, token, over)
		return over
	}
	over := expire()
	checkSignedIn(t, sh, "CodeAccess")
	if read(t, token) == over {
		t.Error("the ID token was not renewed")
	}
	// The rotated refresh token renews, too.
	expire()
	checkSignedIn(t, sh, "CodeAccess")

	// Nothing is remembered without --remember: one line says what to do.
	l = login(sh, t, "--profile", "CodeAccess")
	newBrowser(t, f, maria).walk(l.next(`^(https://\S+)$`))
	l.succeeds()
	expire()
	if got := sh.Fail("git", "ls-remote", "codecommit://CodeAccess@MyDemoRepo"); !strings.Contains(got, `the sign-in of profile "CodeAccess" has ended; run: sojourn login --profile CodeAccess`) {
		t.Error(got)
	}

	// What the user is refused at the server is not written.
	l = login(sh, t, "--profile", "jorge", "--issuer", f.URL, "--client-id", "sojourn-cli", "--role-arn", roleARN, "--region", "us-east-1")
	newBrowser(t, f, map[string]string{"login": "jorge", "password": "any"}).walk(l.next(`^(https://\S+)$`))
	if out, err := l.done(); err == nil || !strings.Contains(out, "Not authorized to perform sts:AssumeRoleWithWebIdentity") {
		t.Errorf("%v %s", err, out)
	}
	if got := sh.Run("sojourn", "configure", "list-profiles"); strings.Contains(got, "jorge") {
		t.Error(got)
	}
}

// TestLoginSAML signs in at samlp, which posts to the loopback address that it
// is asked to, with the server as the recipient; and with a response that the
// user has copied.
func TestLoginSAML(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	w := newWorld(t, f)
	const metadata = "/FederationMetadata/2007-06/FederationMetadata.xml"
	by := samltest.With("urn:example:samlp", samltest.RSA(2), time.Now())
	start(t, f.local(metadata), script(t, "samlp.cjs", "ISSUER="+by.EntityID, "LISTEN="+f.backend, "RECIPIENT="+w.recipient(),
		"KEY_FILE="+samlpKey(t), "CERT="+certificatePEM(by.Cert),
		"FOR="+certificatePEM(samltest.With("", forUs(), time.Now()).Cert)))
	maria := newBrowser(t, f, map[string]string{"user": "maria"})
	w.trustsSAML(maria.get(f.URL + metadata))
	sh := w.trustingBoth(f)

	l := login(sh, t, "--profile", "CodeAccess", "--saml-url", f.URL+"/sso", "--saml-acs", "http://127.0.0.1/saml", "--region", "us-east-1")
	page, _ := maria.walk(l.next(`^(https://\S+)$`))
	if out := l.succeeds(); !strings.Contains(page, "You are signed in") || !strings.Contains(out, "assumed-role/CodeCommitAccess/maria") {
		t.Fatalf("%s\n%s", page, out)
	}
	checkSignedIn(t, sh, "CodeAccess")
	sh.Run("aws", "--endpoint-url", w.URL, "sts", "get-caller-identity", "--profile", "CodeAccess")

	sh.Write("response", maria.signIn(f.URL+"/both", "SAMLResponse"))
	sh.Run("sojourn", "login", "--profile", "pasted", "--saml-response", "response", "--region", "us-east-1")
	checkSignedIn(t, sh, "pasted")
	if got := sh.Fail("sojourn", "login", "--profile", "other", "--saml-response", "response", "--role-arn", "arn:aws:iam::1:role/x"); !strings.Contains(got, "does not offer that role; it offers "+roleARN) {
		t.Error(got)
	}

	// The keys are over.
	config := filepath.Join(sh.Home, ".aws/config")
	write(t, config, strings.Replace(read(t, config), "sojourn_expiration = 20", "sojourn_expiration = 19", 1))
	if got := sh.Fail("git", "ls-remote", "codecommit://CodeAccess@MyDemoRepo"); !strings.Contains(got, `the sign-in of profile "CodeAccess" has ended; run: sojourn login --profile CodeAccess`) {
		t.Error(got)
	}
	sh.Run("sojourn", "logout", "--profile", "CodeAccess")
	sh.Run("sojourn", "logout", "--profile", "pasted")
	if got := read(t, config) + read(t, filepath.Join(sh.Home, ".aws/credentials")); got != "" {
		t.Errorf("logout leaves %q", got)
	}
}
