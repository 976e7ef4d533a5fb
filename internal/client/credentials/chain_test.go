package credentials

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/stsclient"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// stub is an STS that answers each call with a session named after the call, and keeps what it was asked.
type stub struct {
	calls []string
	life  time.Duration
	err   error
}

func (s *stub) answer(call string) (stsclient.Session, error) {
	s.calls = append(s.calls, call)
	n := len(s.calls)
	return stsclient.Session{
		Credentials: sigv4.Credentials{AccessKeyID: fmt.Sprintf("ASIA%d", n), Secret: secret.New(fmt.Sprintf("secret%d", n)), Token: "t"},
		Expires:     noon.Add(s.life),
	}, s.err
}

func (s *stub) AssumeRole(_ context.Context, c sigv4.Credentials, r stsclient.Role) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("%s as %s by %s ext=%s dur=%d mfa=%s/%s", r.ARN, r.SessionName, c.AccessKeyID, r.ExternalID, r.Duration, r.SerialNumber, r.TokenCode))
}

func (s *stub) AssumeRoleWithWebIdentity(_ context.Context, r stsclient.Role) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("%s as %s with %s dur=%d", r.ARN, r.SessionName, r.WebIdentityToken.Reveal(), r.Duration))
}

func (s *stub) AssumeRoleWithSAML(_ context.Context, r stsclient.Role) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("%s at %s with %s dur=%d", r.ARN, r.ProviderARN, r.SAMLAssertion.Reveal(), r.Duration))
}

func (s *stub) AssumeRoleWithLDAPIdentity(_ context.Context, r stsclient.Role) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("%s as %s at %s by %s/%s dur=%d mfa=%s/%s", r.ARN, r.SessionName, r.DirectoryARN, r.Username, r.Password.Reveal(), r.Duration, r.SerialNumber, r.TokenCode))
}

func (s *stub) GetSessionToken(_ context.Context, c sigv4.Credentials, t stsclient.Token) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("session by %s dur=%d mfa=%s/%s", c.AccessKeyID, t.Duration, t.SerialNumber, t.TokenCode))
}

func (s *stub) GetFederationToken(_ context.Context, c sigv4.Credentials, t stsclient.Token) (stsclient.Session, error) {
	return s.answer(fmt.Sprintf("%s by %s dur=%d policy=%s arns=%q", t.Name, c.AccessKeyID, t.Duration, t.Policy, t.PolicyARNs))
}

// world is a home directory, an environment and an STS.
type world struct {
	t    *testing.T
	home string
	env  map[string]string
	sts  *stub
	sso  *stubSSO
	box  Machine

	asked  []string
	shared bool // STS is AWS's
}

func newWorld(t *testing.T, config, credentials string) *world {
	w := &world{t: t, home: t.TempDir(), sts: &stub{life: time.Hour}, sso: &stubSSO{}}
	w.env = map[string]string{"HOME": w.home, "USERPROFILE": w.home}
	w.write(".aws/config", config)
	w.write(".aws/credentials", credentials)
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) chain(profile string, explicit bool) *Chain {
	w.t.Helper()
	env := config.Env(func(k string) (string, bool) { v, ok := w.env[k]; return v, ok })
	c, err := config.Load(env)
	if err != nil {
		w.t.Fatal(err)
	}
	chain := &Chain{Env: env, Config: c, Profile: profile, Explicit: explicit, Endpoint: "https://sts", Cache: cache.Under(w.home),
		Now: func() time.Time { return noon }, STS: func() (STS, error) { return w.sts, nil }, Machine: w.box,
		SSO: func(region string) (SSO, string, error) { w.sso.region = region; return w.sso, w.sso.address, nil }}
	chain.Ask = func(_ context.Context, q string) (string, error) { w.asked = append(w.asked, q); return "123456", nil }
	chain.AskSecret = func(_ context.Context, q string) (string, error) {
		w.asked = append(w.asked, q)
		return "pass word", nil
	}
	if w.shared {
		chain.Shared = cache.SharedUnder(w.home)
	}
	return chain
}

func (w *world) resolve(profile string, explicit bool) (Snapshot, error) {
	return w.chain(profile, explicit).Resolve(context.Background())
}

// The AWS CLI's order: which of several places counts.
func TestOrder(t *testing.T) {
	role := "role_arn = arn:aws:iam::111111111111:role/R\n"
	keys := func(id string) string { return "aws_access_key_id = " + id + "\naws_secret_access_key = s\n" }
	env := map[string]string{"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"}
	web := map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "~/token", "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/ENV"}
	for _, c := range []struct {
		name, config, credentials string
		env                       map[string]string
		explicit                  bool
		key, method               string
		calls                     int
	}{
		{"environment before all", "[default]\n" + role + "source_profile = x\n", "[default]\n" + keys("CRED"), env, false, "ENV", "env", 0},
		{"a profile named now hides the environment", "", "[default]\n" + keys("CRED"), env, true, "CRED", "shared-credentials-file", 0},
		{"role before keys beside it", "[default]\n" + role + "source_profile = x\n" + keys("CONF"), "[x]\n" + keys("X"), nil, true, "ASIA1", "assume-role", 1},
		{"token file beside a role", "[default]\n" + role + "web_identity_token_file = ~/token\n" + keys("CONF"), "", nil, true, "ASIA1", "assume-role-with-web-identity", 1},
		{"web identity of the environment before keys in a file", "", "[default]\n" + keys("CRED"), web, false, "ASIA1", "assume-role-with-web-identity", 1},
		{"which a profile named now hides", "", "[default]\n" + keys("CRED"), web, true, "CRED", "shared-credentials-file", 0},
		{"credentials file before process", "[default]\ncredential_process = nope\n", "[default]\n" + keys("CRED"), nil, true, "CRED", "shared-credentials-file", 0},
		{"configuration file last", "[default]\n" + keys("CONF"), "", nil, true, "CONF", "config-file", 0},
		{"the older name of the token in a file", "[default]\n" + keys("CONF") + "aws_session_token = new\naws_security_token = old\n", "", nil, true, "CONF%old", "config-file", 0},
		{"the newer name of the token in a file", "", "[default]\n" + keys("CRED") + "aws_session_token = new\n", nil, true, "CRED%new", "shared-credentials-file", 0},
		{"a profile that is its own source", "[default]\n" + role + "source_profile = default\n" + keys("CONF"), "", nil, true, "ASIA1", "assume-role", 1},
		{"a role of the environment's keys", "[default]\n" + role + "credential_source = Environment\n", "", env, true, "ASIA1", "assume-role", 1},
		{"a role of a web identity", "[default]\n" + role + "source_profile = x\n[profile x]\n" + role + "web_identity_token_file = ~/token\n", "", nil, true, "ASIA2", "assume-role", 2},
		{"a role of a role", "[default]\n" + role + "source_profile = x\n[profile x]\n" + role + "source_profile = y\n", "[y]\n" + keys("Y"), nil, true, "ASIA2", "assume-role", 2},
	} {
		w := newWorld(t, c.config, c.credentials)
		w.write("token", "jwt\n")
		for k, v := range c.env {
			w.env[k] = v
		}
		got, err := w.resolve("default", c.explicit)
		id, token, withToken := strings.Cut(c.key, "%")
		if err != nil || got.AccessKeyID != id || withToken && got.Token != token || got.Method != c.method || len(w.sts.calls) != c.calls {
			t.Errorf("%s: %s by %s, %v, after %q; want %s by %s after %d calls", c.name, got.AccessKeyID, got.Method, err, w.sts.calls, c.key, c.method, c.calls)
		}
	}
}

// The page's two examples as printed: three colons in the ARN, a blank in the session name, "~" in the path.
func TestPage(t *testing.T) {
	w := newWorld(t, `[default]
region = us-east-1
output = json

[profile CodeAccess]
source_profile = default
role_session_name = Maria Garcia
role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
`, `[default]
aws_access_key_id = AKID
aws_secret_access_key = s
[CodeCommitWebIdentity]
role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess
web_identity_token_file=~/my-credentials/my-token-file
role_session_name = Maria Garcia
`)
	w.write("my-credentials/my-token-file", "jwt\n")
	for profile, want := range map[string]string{
		"CodeAccess":            "arn:aws:iam::111111111111:role/CodeCommitAccess as Maria_Garcia by AKID ext= dur=0 mfa=/",
		"CodeCommitWebIdentity": "arn:aws:iam::111111111111:role/CodeCommitAccess as Maria_Garcia with jwt dur=0",
	} {
		w.sts.calls = nil
		if _, err := w.resolve(profile, true); err != nil || len(w.sts.calls) != 1 || w.sts.calls[0] != want {
			t.Errorf("%s: %q, %v; want %q", profile, w.sts.calls, err, want)
		}
	}
}

func TestRoleSettings(t *testing.T) {
	w := newWorld(t, `[profile p]
role_arn = arn:aws:iam::111111111111:role/R
source_profile = k
external_id = e
duration_seconds = 901
mfa_serial = arn:aws:iam::111111111111:mfa/u
[profile k]
aws_access_key_id = K
aws_secret_access_key = s
`, "")
	if _, err := w.resolve("p", true); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("arn:aws:iam::111111111111:role/R as sojourn-%d by K ext=e dur=901 mfa=arn:aws:iam::111111111111:mfa/u/123456", noon.Unix())
	if len(w.sts.calls) != 1 || w.sts.calls[0] != want {
		t.Errorf("%q; want %q", w.sts.calls, want)
	}
}

func TestEnvironmentKeys(t *testing.T) {
	for _, c := range []struct {
		env        map[string]string
		token, err string
	}{
		{map[string]string{}, "", ""},
		{map[string]string{"AWS_SESSION_TOKEN": "S"}, "S", ""},
		{map[string]string{"AWS_SESSION_TOKEN": "S", "AWS_SECURITY_TOKEN": "T"}, "T", ""},
		{map[string]string{"AWS_CREDENTIAL_EXPIRATION": "2026-11-23T12:00:01Z"}, "", ""},
		{map[string]string{"AWS_CREDENTIAL_EXPIRATION": "2026-11-23T12:00:00Z"}, "", "expired at 2026-11-23T12:00:00Z"},
		{map[string]string{"AWS_CREDENTIAL_EXPIRATION": "noon"}, "", "is not a time"},
		{map[string]string{"AWS_SECRET_ACCESS_KEY": ""}, "", "AWS_SECRET_ACCESS_KEY is not"},
	} {
		w := newWorld(t, "", "")
		w.env["AWS_ACCESS_KEY_ID"], w.env["AWS_SECRET_ACCESS_KEY"] = "ENV", "s"
		for k, v := range c.env {
			w.env[k] = v
		}
		got, err := w.resolve("default", false)
		if c.err == "" && (err != nil || got.AccessKeyID != "ENV" || got.Token != c.token) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%v: %+v, %v", c.env, got, err)
		}
	}
}

// Each mistake in a profile is one line that names the profile and what to do.
func TestMistakes(t *testing.T) {
	for config, want := range map[string]string{
		"":                                   "no credentials are configured",
		"[default]\nregion = x\n":            "no credentials are configured",
		"[default]\naws_access_key_id = A\n": `profile "default" has an aws_access_key_id and no aws_secret_access_key`,
		"[default]\nrole_arn = r\n":          `profile "default" has a role_arn and does not say with which credentials`,
		"[default]\ncredential_process = /no/such/program\naws_access_key_id = A\naws_secret_access_key = s\n":                                        `the credential_process of profile "default" failed`, // before keys beside it
		"[default]\nlogin_session = gone\ncredential_process = /no/such/program\n":                                                                    "run: aws login",                                     // before it
		"[default]\nrole_arn = r\nsource_profile = no\n":                                                                                              `profile "default" names source_profile "no", which does not exist`,
		"[default]\nrole_arn = r\nsource_profile = x\n[profile x]\n":                                                                                  `profile "default" names source_profile "x", which holds no credentials`,
		"[default]\nrole_arn = r\nsource_profile = default\n":                                                                                         "the profiles go round in a circle: default, default",
		"[default]\nrole_arn = r\nsource_profile = x\ncredential_source = Environment\n":                                                              `has both source_profile and credential_source`,
		"[default]\nrole_arn = r\ncredential_source = environment\n":                                                                                  "want Environment, Ec2InstanceMetadata or EcsContainer",
		"[default]\nrole_arn = r\ncredential_source = Environment\n":                                                                                  "AWS_ACCESS_KEY_ID is not set",
		"[default]\nweb_identity_token_file = f\n":                                                                                                    "no role is set; set role_arn or AWS_ROLE_ARN",
		"[default]\nrole_arn = r\nweb_identity_token_file = /no/such\n":                                                                               `the web identity token of profile "default" cannot be read`,
		"[default]\nrole_arn = r\nweb_identity_token_file = ~/empty\n":                                                                                "is empty; sign in again",
		"[default]\nrole_arn = r\nsource_profile = x\n[profile x]\nrole_arn = r\nsource_profile = y\n[profile y]\nrole_arn = r\nsource_profile = x\n": "in a circle: default, x, y, x",
	} {
		w := newWorld(t, config, "")
		w.write("empty", " \n")
		_, err := w.resolve("default", true)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %q", config, err, want)
		}
		if want == "no credentials are configured" && !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v is not ErrNone", config, err)
		}
	}
}

func TestRoleARN(t *testing.T) {
	for in, want := range map[string]string{
		"arn:aws:iam:::111111111111:role/R":    "arn:aws:iam::111111111111:role/R",
		"arn:aws-cn:iam:::111111111111:role/R": "arn:aws-cn:iam::111111111111:role/R",
		"arn:aws:iam::111111111111:role/R":     "arn:aws:iam::111111111111:role/R",
		"arn:aws:s3:::x:iam:::y":               "arn:aws:s3:::x:iam:::y",
		"nonsense":                             "nonsense",
	} {
		if got := roleARN(in); got != want {
			t.Errorf("roleARN(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSessionName(t *testing.T) {
	for in, want := range map[string]string{
		"Maria Garcia": "Maria_Garcia", "maria@example.com": "maria@example.com", "José/Núñez": "Jos__N__ez", "a_+=,.@-Z9": "a_+=,.@-Z9",
		strings.Repeat("x", 70): strings.Repeat("x", 64), "": fmt.Sprintf("sojourn-%d", noon.Unix()),
	} {
		if got := sessionName(in, noon); got != want {
			t.Errorf("sessionName(%q) = %q, want %q", in, got, want)
		}
	}
}
