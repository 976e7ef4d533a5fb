package signin

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/config"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// user is a home directory with configuration files.
func user(t *testing.T, files map[string]string) (string, Files) {
	t.Helper()
	home := t.TempDir()
	for name, text := range files {
		path := filepath.Join(home, ".aws", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return home, Files{Env: func(key string) (string, bool) {
		if key == "HOME" || key == "USERPROFILE" {
			return home, true
		}
		return "", false
	}}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func load(t *testing.T, f Files, name string) *config.Profile {
	t.Helper()
	c, err := config.Load(f.Env)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Profile(name)
	return p
}

var session = Session{Credentials: sigv4.Credentials{AccessKeyID: "ASIA1", Secret: secret.New("the-secret"), Token: "the-token"}, Expires: start.Add(time.Hour)}

// TestSaveAndForget: what a login writes it writes for its owner alone, and a
// logout leaves every other byte as it was.
func TestSaveAndForget(t *testing.T) {
	before := map[string]string{
		"config":      "; mine\r\n[default]\r\nregion = eu-west-1\r\n\r\n[profile other]\r\n# note\r\ns3 =\r\n  a = b\r\n",
		"credentials": "[other]\naws_access_key_id=AKIA\naws_secret_access_key=x\n",
	}
	home, f := user(t, before)
	set := []config.Setting{{Key: KeyMethod, Value: MethodSAML}, {Key: "region", Value: "us-east-1"}, {Key: KeyWrote, Value: "region"}}
	if err := f.SaveSession(t.Context(), "a b", session, set); err != nil {
		t.Fatal(err)
	}
	if p := load(t, f, "a b"); p.Value("aws_session_token") != "the-token" || p.Value(KeyExpiration) != "2026-11-26T13:00:00Z" || p.Value("region") != "us-east-1" {
		t.Errorf("%+v", p)
	}
	if err := f.SaveOIDC(t.Context(), "oidc", Tokens{ID: secret.New("id"), Refresh: secret.New("kept")}, []config.Setting{{Key: "role_arn", Value: roleA}}); err != nil {
		t.Fatal(err)
	}
	token := load(t, f, "oidc").Value("web_identity_token_file")
	if !filepath.IsAbs(token) || read(t, token) != "id" {
		t.Errorf("%s holds %q", token, read(t, token))
	}
	if runtime.GOOS != "windows" {
		for _, path := range []string{filepath.Join(home, ".aws", "credentials"), token, strings.TrimSuffix(token, ".token") + ".refresh"} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", path, info, err)
			}
		}
		if info, err := os.Stat(filepath.Dir(token)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%v %v", info, err)
		}
	}
	// A login that keeps nothing takes a former refresh token away.
	if err := f.SaveOIDC(t.Context(), "oidc", Tokens{ID: secret.New("id2")}, []config.Setting{{Key: "role_arn", Value: roleA}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.loadRefresh("oidc"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := f.Forget(t.Context(), "oidc", false); err != nil {
		t.Fatal(err)
	}
	if p := load(t, f, "oidc"); p.Value(KeyMethod) != MethodOIDC || read(t, token) != "" {
		t.Errorf("%+v", p)
	}
	for _, name := range []string{"oidc", "a b"} {
		if err := f.Forget(t.Context(), name, true); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range before {
		if got := read(t, filepath.Join(home, ".aws", name)); got != text {
			t.Errorf("%s is now\n%q\nwas\n%q", name, got, text)
		}
	}
}

// TestProfileNames: a name cannot bring sections or lines of its own into a file.
func TestProfileNames(t *testing.T) {
	for _, name := range []string{"x]\n[default", "x\nrole_arn = evil", "x\r[default]", "x]", "[x", "a\x00b", "", " x"} {
		home, f := user(t, map[string]string{"config": "[default]\nregion = r\n"})
		if err := f.SaveSession(t.Context(), name, session, nil); err == nil {
			t.Errorf("%q was written", name)
		}
		if got := read(t, filepath.Join(home, ".aws", "config")) + read(t, filepath.Join(home, ".aws", "credentials")); got != "[default]\nregion = r\n" {
			t.Errorf("%q leaves\n%s", name, got)
		}
	}
	// A value cannot either, nor can a name leave the directory of tokens.
	home, f := user(t, nil)
	if err := f.SaveSession(t.Context(), "p", session, []config.Setting{{Key: KeyIssuer, Value: "https://x\n[default]\nrole_arn = evil"}}); err == nil {
		t.Error("a value with lines was written")
	}
	if err := f.SaveOIDC(t.Context(), "../../../escaped", Tokens{ID: secret.New("id")}, nil); err != nil {
		t.Fatal(err)
	}
	if p := load(t, f, "../../../escaped").Value("web_identity_token_file"); filepath.Dir(p) != filepath.Join(home, ".aws", "sojourn", "login") {
		t.Error(p)
	}
}

// refusesOthers gives first the link and then the file to another user.
func refusesOthers(t *testing.T, f Files, link, file string) {
	t.Helper()
	for _, path := range []string{link, file} {
		if err := os.Lchown(path, 1000, 1000); err != nil {
			t.Fatal(err)
		}
		if err := f.SaveSession(t.Context(), "p", session, nil); err == nil || !strings.Contains(err.Error(), "belongs to another user") || read(t, file) != "[x]\n" {
			t.Errorf("another's %s: %v %q", path, err, read(t, file))
		}
		if err := os.Lchown(path, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLinks: secrets do not follow a link that another user could have laid.
func TestLinks(t *testing.T) {
	home, f := user(t, map[string]string{"config": ""})
	elsewhere := filepath.Join(t.TempDir(), "theirs")
	link := filepath.Join(home, ".aws", "credentials")
	if err := errors.Join(os.WriteFile(elsewhere, []byte("[x]\n"), 0o666), os.Symlink(elsewhere, link)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // who can make another's files; what counts as another's is TestOwn's (config)
		refusesOthers(t, f, link, elsewhere)
	}
	// All the user's own: the link stays, its target is written.
	if err := f.SaveSession(t.Context(), "p", session, nil); err != nil || !strings.Contains(read(t, elsewhere), "the-token") {
		t.Errorf("own link: %v", err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	// A link in a token's place is replaced.
	path, err := f.TokenFile("p")
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.Symlink(elsewhere, path))
	}
	if err == nil {
		err = f.SaveOIDC(t.Context(), "p", Tokens{ID: secret.New("id-token")}, nil)
	}
	if err != nil || strings.Contains(read(t, elsewhere), "id-token") || read(t, path) != "id-token" {
		t.Errorf("a token through a link: %v", err)
	}
}

func TestRenew(t *testing.T) {
	f := newFake(t)
	f.refresh = "second"
	over := func(end time.Time) secret.String {
		f.claims = map[string]any{"exp": end.Unix()}
		defer func() { f.claims = map[string]any{} }()
		return secret.New(f.idToken())
	}
	client := func() (*http.Client, error) { return f.Client(), nil }
	now := func() time.Time { return start }
	prepare := func(keep string) (Files, *config.Profile, secret.String) {
		_, files := user(t, nil)
		old := over(start.Add(-time.Second))
		err := files.SaveOIDC(t.Context(), "it's", Tokens{ID: old, Refresh: secret.New(keep)}, []config.Setting{{Key: KeyIssuer, Value: f.URL}, {Key: KeyClientID, Value: "cli"}})
		if err != nil {
			t.Fatal(err)
		}
		return files, load(t, files, "it's"), old
	}

	files, p, old := prepare("first")
	if err := Renew(t.Context(), files.Env, p, old, now, client); err != nil {
		t.Fatal(err)
	}
	path, _ := files.TokenFile("it's")
	kept, err := files.loadRefresh("it's")
	if claims, bad := Claims(read(t, path)); bad != nil || !claims.Expires.After(start) || err != nil || kept.Reveal() != "second" || f.forms[0].Get("refresh_token") != "first" {
		t.Errorf("%v %v %v", claims, err, f.forms)
	}
	// Another process was faster: nothing is asked.
	if err := Renew(t.Context(), files.Env, p, old, now, client); err != nil || len(f.forms) != 1 {
		t.Errorf("%v %v", err, f.forms)
	}
	// A token that still lives is left alone.
	if err := Renew(t.Context(), files.Env, p, over(start.Add(time.Second)), now, client); err != nil || len(f.forms) != 1 {
		t.Errorf("%v %v", err, f.forms)
	}

	files, p, old = prepare("")
	want := `the sign-in of profile "it's" has ended; run: sojourn login --profile 'it'\''s'`
	if err := Renew(t.Context(), files.Env, p, old, now, client); err == nil || err.Error() != want {
		t.Errorf("nothing kept: %v", err)
	}

	files, p, old = prepare("first")
	f.answers = []map[string]any{{"error": "invalid_grant", "error_description": "revoked\x1b"}}
	if err := Renew(t.Context(), files.Env, p, old, now, client); err == nil || !strings.Contains(err.Error(), "was not renewed (the provider refused: invalid_grant (revoked?)); run: sojourn login") {
		t.Errorf("refused: %v", err)
	}
	f.claims["sub"] = "jorge"
	if err := Renew(t.Context(), files.Env, p, old, now, client); err == nil || !strings.Contains(err.Error(), "another subject") {
		t.Errorf("another subject: %v", err)
	}
	f.claims = map[string]any{}

	if err := files.Revoke(t.Context(), p, f.Client()); err != nil || f.forms[len(f.forms)-1].Get("token") != "first" {
		t.Errorf("revoke: %v %v", err, f.forms)
	}
	if err := files.SaveSession(t.Context(), "keys", session, []config.Setting{{Key: KeyMethod, Value: MethodDirectory}}); err != nil {
		t.Fatal(err)
	}
	keys := load(t, files, "keys")
	if err := Ended(keys, start.Add(time.Hour)); err == nil || Ended(keys, start) != nil {
		t.Errorf("keys: %v, %v", err, Ended(keys, start))
	}
}

func TestRival(t *testing.T) {
	_, f := user(t, map[string]string{"config": "[profile a]\ncredential_process = x\n[profile b]\nregion = r\n[profile c]\nsojourn_login = oidc\nrole_arn = r\n", "credentials": "[d]\naws_access_key_id = x\n"})
	for name, want := range map[string]string{"a": "credential_process", "b": "", "c": "", "d": "aws_access_key_id", "new": ""} {
		if got := Rival(load(t, f, name)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
