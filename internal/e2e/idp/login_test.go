package idp

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
