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
	"sojourn/internal/client/metadata"
	"sojourn/internal/client/ssoclient"
	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// stubSSO is IAM Identity Center and the sign-in service.
type stubSSO struct {
	region, address string
	calls           []string
	err             error // of RoleCredentials and RenewLogin
	renewErr        error
}

func (s *stubSSO) RoleCredentials(_ context.Context, token secret.String, account, role string) (sigv4.Credentials, time.Time, error) {
	s.calls = append(s.calls, fmt.Sprintf("role %s/%s with %s", account, role, token.Reveal()))
	return sigv4.Credentials{AccessKeyID: "ASIASSO", Secret: secret.New("s"), Token: "t"}, noon.Add(time.Hour), s.err
}

func (s *stubSSO) Renew(_ context.Context, by ssoclient.Registration, refresh secret.String) (ssoclient.Token, error) {
	s.calls = append(s.calls, "renew "+by.ID+"/"+by.Secret.Reveal()+" "+refresh.Reveal())
	return ssoclient.Token{Access: secret.New("new-token"), Refresh: secret.New("new-refresh"), Life: time.Hour}, s.renewErr
}

func (s *stubSSO) RenewLogin(_ context.Context, l ssoclient.Login, _ time.Time) (sigv4.Credentials, ssoclient.Token, error) {
	s.calls = append(s.calls, "login "+l.ClientID+" "+l.Refresh.Reveal()+" "+l.Key.Reveal())
	return sigv4.Credentials{AccessKeyID: "ASIALOGIN2", Secret: secret.New("s"), Token: "t"}, ssoclient.Token{Refresh: secret.New("new-refresh"), Life: 15 * time.Minute}, s.err
}

const ssoConfig = `[profile p]
sso_session = my-sso
sso_account_id = 111122223333
sso_role_name = Admin
[sso-session my-sso]
sso_start_url = https://x.awsapps.com/start
sso_region = eu-west-1
[profile old]
sso_start_url = https://x.awsapps.com/start
sso_region = eu-west-2
sso_account_id = 111122223333
sso_role_name = Admin
[profile role]
role_arn = arn:aws:iam::111122223333:role/R
source_profile = p
`

const (
	sessionFile = ".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"
	roleFile    = ".aws/cli/cache/360f093cdc0bddf23eecc38b9cb6222fca5a195a.json"
	oldRoleFile = ".aws/cli/cache/96130de6de3a9325997e31bc748f60a8aabf21e4.json"
)

func token(expires, more string) string {
	return `{"startUrl":"https://x.awsapps.com/start","region":"eu-west-1","accessToken":"tok","expiresAt":"` + expires + `"` + more + `}`
}

const registration = `,"clientId":"cid","clientSecret":"csec","registrationExpiresAt":"2026-12-24T12:00:00Z","refreshToken":"ref","other":"kept"`

func TestSSO(t *testing.T) {
	for _, c := range []struct {
		name, profile, token string
		renewErr             error
		calls                []string
		fails                string
	}{
		{"a sign-in that lasts", "p", token("2026-11-23T14:00:00Z", ""), nil, []string{"role 111122223333/Admin with tok"}, ""},
		{"version 1's time", "p", token("2026-11-23T14:00:00UTC", ""), nil, []string{"role 111122223333/Admin with tok"}, ""},
		{"near its end", "p", token("2026-11-23T12:15:00Z", registration), nil, []string{"renew cid/csec ref", "role 111122223333/Admin with new-token"}, ""},
		{"expired", "p", token("2026-11-23T11:00:00Z", registration), nil, []string{"renew cid/csec ref", "role 111122223333/Admin with new-token"}, ""},
		{"near its end, not renewable", "p", token("2026-11-23T12:10:00Z", ""), nil, []string{"role 111122223333/Admin with tok"}, ""},
		{"near its end, refused", "p", token("2026-11-23T12:10:00Z", registration), errors.New("no"), []string{"renew cid/csec ref", "role 111122223333/Admin with tok"}, ""},
		{"expired, not renewable", "p", token("2026-11-23T12:00:00Z", ""), nil, nil, `profile "p": the sign-in at https://x.awsapps.com/start expired at 2026-11-23T12:00:00Z; run: sojourn login --profile p`},
		{"expired, the client too", "p", token("2026-11-23T12:00:00Z", strings.Replace(registration, "2026-12", "2026-10", 1)), nil, nil, "run: sojourn login --profile p"},
		{"expired, refused", "p", token("2026-11-23T12:00:00Z", registration), &ssoclient.Error{Status: 400, Code: "InvalidGrantException"}, []string{"renew cid/csec ref"},
			"expired and cannot be renewed (InvalidGrantException); run: sojourn login --profile p"},
		{"never made", "p", "", nil, nil, "has not been made yet; run: sojourn login --profile p"},
		{"broken", "p", "{", nil, nil, "cannot be read; run: sojourn login --profile p"},
		{"as a role's source", "role", token("2026-11-23T14:00:00Z", ""), nil, []string{"role 111122223333/Admin with tok"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, ssoConfig, "")
			w.sso.renewErr = c.renewErr
			if c.token != "" {
				w.write(sessionFile, c.token)
			}
			for range 2 { // the second time the role's credentials are kept
				_, err := w.resolve(c.profile, true)
				if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
					t.Fatalf("%v, want %q", err, c.fails)
				}
				if c.fails != "" {
					break
				}
			}
			if fmt.Sprint(w.sso.calls) != fmt.Sprint(c.calls) {
				t.Errorf("%q, want %q", w.sso.calls, c.calls)
			}
			if strings.Contains(fmt.Sprint(c.calls), "new-token") {
				kept, _ := os.ReadFile(filepath.Join(w.home, sessionFile))
				for _, want := range []string{`"accessToken":"new-token"`, `"refreshToken":"new-refresh"`, `"expiresAt":"2026-11-23T13:00:00Z"`, `"other":"kept"`} {
					if !strings.Contains(string(kept), want) {
						t.Errorf("the file of the sign-in lacks %s: %s", want, kept)
					}
				}
			}
		})
	}
}

// Role credentials are the AWS CLI's files, so that "aws sso logout" ends them; not those of another portal.
func TestSSOShared(t *testing.T) {
	w := newWorld(t, ssoConfig, "")
	w.write(sessionFile, token("2026-11-23T14:00:00Z", ""))
	w.write(".aws/sso/cache/"+cache.SHA1("https://x.awsapps.com/start")+".json", token("2026-11-23T14:00:00Z", ""))
	for profile, file := range map[string]string{"p": roleFile, "old": oldRoleFile} {
		if _, err := w.resolve(profile, true); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(w.home, file)); err != nil {
			t.Error(profile, err)
		}
	}
	w = newWorld(t, ssoConfig, "")
	w.sso.address = "https://portal.example"
	w.write(sessionFile, token("2026-11-23T14:00:00Z", ""))
	w.write(roleFile, `{"Credentials":{"AccessKeyId":"OTHER","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-23T14:00:00Z"}}`)
	if s, err := w.resolve("p", true); err != nil || s.AccessKeyID != "ASIASSO" || w.sso.region != "eu-west-1" {
		t.Errorf("%v, %v in %s", s, err, w.sso.region)
	}
}

func TestSSOSettings(t *testing.T) {
	for config, want := range map[string]string{
		"[profile p]\nsso_account_id = 1\nsso_role_name = R\nsso_session = gone\n":                                                                                      `names the sso_session "gone"`,
		"[profile p]\nsso_account_id = 1\nsso_role_name = R\n":                                                                                                          "has no sso_start_url",
		"[profile p]\nsso_account_id = 1\nsso_start_url = u\nsso_region = r\n":                                                                                          "has no sso_role_name",
		"[profile p]\nsso_account_id = 1\nsso_role_name = R\nsso_session = s\nsso_region = other\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n": "different settings of sso_region",
		"[profile p]\nsso_session = s\naws_access_key_id = A\n":                                                                                                         "no aws_secret_access_key", // a session without a role is for something else
	} {
		w := newWorld(t, config, "")
		if _, err := w.resolve("p", true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", config, err, want)
		}
	}
	// A sign-in goes before keys, as with the AWS CLI.
	w := newWorld(t, ssoConfig, "[p]\naws_access_key_id = A\naws_secret_access_key = s\n")
	w.write(sessionFile, token("2026-11-23T14:00:00Z", ""))
	if s, err := w.resolve("p", true); err != nil || s.AccessKeyID != "ASIASSO" {
		t.Error(s, err)
	}
}

func TestLogin(t *testing.T) {
	const name = "arn:aws:iam::111122223333:user/maria"
	file := func(expires string) string {
		return `{"accessToken":{"accessKeyId":"ASIALOGIN1","secretAccessKey":"s","sessionToken":"t","accountId":"111122223333","expiresAt":"` + expires +
			`"},"tokenType":"urn:aws:params:oauth:token-type:access_token_sigv4","refreshToken":"ref","idToken":"id","clientId":"cid","dpopKey":"PEM"}`
	}
	refused := &ssoclient.Error{Status: 400, Code: "TOKEN_EXPIRED"}
	for _, c := range []struct {
		name, expires string
		err           error
		key, fails    string
		calls         int
	}{
		{"lasts", "2026-11-23T12:10:00Z", nil, "ASIALOGIN1", "", 0},
		{"near its end", "2026-11-23T12:05:00Z", nil, "ASIALOGIN2", "", 1},
		{"near its end, refused", "2026-11-23T12:05:00Z", refused, "ASIALOGIN1", "", 1},
		{"expired", "2026-11-23T11:00:00Z", nil, "ASIALOGIN2", "", 1},
		{"expired, refused", "2026-11-23T11:00:00Z", refused, "", "has expired (TOKEN_EXPIRED); run: aws login --profile p", 1},
		{"expired, no network", "2026-11-23T11:00:00Z", errors.New("no network"), "", `profile "p": no network`, 1},
		{"broken", "never", nil, "", "cannot be read; run: aws login --profile p", 0},
	} {
		w := newWorld(t, "[profile p]\nlogin_session = "+name+"\n[profile role]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = p\n", "")
		w.env["AWS_LOGIN_CACHE_DIRECTORY"] = "~/logins"
		l := &login{chain: w.chain("p", true), session: name}
		w.write("logins/"+filepath.Base(l.path()), file(c.expires))
		w.sso.err = c.err
		s, err := w.resolve("p", true)
		if (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) || s.AccessKeyID != c.key || len(w.sso.calls) != c.calls {
			t.Errorf("%s: %s, %v after %q", c.name, s.AccessKeyID, err, w.sso.calls)
		}
		if c.key == "ASIALOGIN2" {
			kept, _ := os.ReadFile(l.path())
			for _, want := range []string{`"accessKeyId":"ASIALOGIN2"`, `"accountId":"111122223333"`, `"expiresAt":"2026-11-23T12:15:00Z"`, `"refreshToken":"new-refresh"`, `"idToken":"id"`} {
				if !strings.Contains(string(kept), want) {
					t.Errorf("%s: the file lacks %s: %s", c.name, want, kept)
				}
			}
		}
		if c.fails == "" { // a role's source, which aws-sdk-go-v2 refuses
			if _, err := w.resolve("role", true); err != nil || !strings.Contains(fmt.Sprint(w.sts.calls), "by "+c.key) {
				t.Errorf("%s: %v after %q", c.name, err, w.sts.calls)
			}
		}
	}
}

// box is a machine or a container.
type box struct {
	container bool
	err       error
	end       time.Time
}

func (b box) InContainer() bool { return b.container }
func (b box) Container(context.Context) (sigv4.Credentials, time.Time, error) {
	return sigv4.Credentials{AccessKeyID: "ASIACONTAINER", Secret: secret.New("s")}, b.end, b.err
}
func (b box) Instance(context.Context) (sigv4.Credentials, time.Time, error) {
	return sigv4.Credentials{AccessKeyID: "ASIAINSTANCE", Secret: secret.New("s")}, b.end, b.err
}

func TestMachine(t *testing.T) {
	config := "[profile p]\nregion = r\n[profile ec2]\nrole_arn = arn:aws:iam::111111111111:role/R\ncredential_source = Ec2InstanceMetadata\n" +
		"[profile ecs]\nrole_arn = arn:aws:iam::111111111111:role/R\ncredential_source = EcsContainer\n[profile small]\nrole_arn = arn:aws:iam::111111111111:role/R\ncredential_source = ecscontainer\n"
	for _, c := range []struct {
		profile string
		box     Machine
		want    string
	}{
		{"p", box{container: true}, "ASIACONTAINER"},
		{"p", box{}, "ASIAINSTANCE"},
		{"p", nil, ErrNone.Error()},
		{"p", box{err: fmt.Errorf("%w: no route", metadata.ErrNone)}, ErrNone.Error()},
		{"p", box{container: true, err: errors.New("status 500")}, "status 500"},
		{"p", box{end: noon}, "expired"},
		{"ec2", box{container: true}, "by ASIAINSTANCE"},
		{"ecs", box{}, "by ASIACONTAINER"},
		{"ec2", box{err: metadata.ErrNone}, `profile "ec2" takes its source credentials from the machine`},
		{"small", box{}, "want Environment, Ec2InstanceMetadata or EcsContainer"},
	} {
		w := newWorld(t, config, "")
		w.box = c.box
		s, err := w.resolve(c.profile, true)
		if got := fmt.Sprint(s.AccessKeyID, err, w.sts.calls); !strings.Contains(got, c.want) {
			t.Errorf("%s, %+v: %s, want %q", c.profile, c.box, got, c.want)
		}
	}
}

func TestOwnWords(t *testing.T) {
	const keys = "aws_access_key_id = AKID\naws_secret_access_key = s\n"
	const arn = "role_arn = arn:aws:iam::111111111111:role/R\n"
	for _, c := range []struct{ profile, call, asked, fails string }{
		{"sojourn_sign_in = session-token\nsource_profile = keys\nmfa_serial = arn:m\nduration_seconds = 900\n", "session by AKID dur=900 mfa=arn:m/123456", "[Enter MFA code for arn:m: ]", ""},
		{"sojourn_sign_in = session-token\n" + keys, "session by AKID dur=0 mfa=/", "[]", ""},
		{"sojourn_sign_in = federation-token\nsource_profile = keys\nsojourn_federated_user = maria\nsojourn_policy = {\"Version\":\"2012-10-17\"}\nsojourn_policy_arns = arn:a, arn:b\n",
			`maria by AKID dur=0 policy={"Version":"2012-10-17"} arns=["arn:a" "arn:b"]`, "[]", ""},
		{"sojourn_sign_in = saml\n" + arn + "sojourn_saml_provider = arn:idp\nsojourn_saml_file = ~/response\nduration_seconds = 3600\n", "arn:aws:iam::111111111111:role/R at arn:idp with PHNhbWw+ dur=3600", "[]", ""},
		{"sojourn_sign_in = directory\n" + arn + "sojourn_directory = arn:d\nsojourn_username = maria@example\nrole_session_name = Maria Garcia\n",
			"arn:aws:iam::111111111111:role/R as  at arn:d by maria@example/pass word dur=0 mfa=/", "[Password for maria@example: ]", ""},
		// and as a role's source
		{arn + "source_profile = mfa\n", "arn:aws:iam::111111111111:role/R as sojourn-1795435200 by ASIA1 ext= dur=0 mfa=/", "[Enter MFA code for arn:m: ]", ""},
		{"sojourn_sign_in = sesion\n", "", "", "want session-token, federation-token, saml or directory"},
		{"sojourn_sign_in = saml\n" + arn + "sojourn_saml_provider = p\n", "", "", "no sojourn_saml_file; add it"},
		{"sojourn_sign_in = saml\n" + arn + "sojourn_saml_provider = p\nsojourn_saml_file = ~/gone\n", "", "", "reading its sojourn_saml_file"},
		{"sojourn_sign_in = directory\n" + arn + "sojourn_directory = arn:d\n", "", "", "no sojourn_username; add it"},
		{"sojourn_sign_in = session-token\n", "", "", "add source_profile"},
		{"sojourn_sign_in = session-token\nsource_profile = mfa\n", "", "", "needs the long-term keys of a user, and ASIA1 is a session"},
		{"sojourn_sign_in = session-token\nsource_profile = p\n", "", "", "source_profile"},
	} {
		w := newWorld(t, "[profile p]\n"+c.profile+"[profile keys]\n"+keys+"[profile mfa]\nsojourn_sign_in = session-token\nsource_profile = keys\nmfa_serial = arn:m\n", "")
		w.write("response", "PHNh\nbWw+\n")
		for range 2 { // the second time nobody is asked
			_, err := w.resolve("p", true)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("%s: %v, want %q", c.profile, err, c.fails)
				}
				continue
			}
			if n := len(w.sts.calls); err != nil || n == 0 || w.sts.calls[n-1] != c.call || fmt.Sprint(w.asked) != c.asked {
				t.Errorf("%s: %v\n%q, asked %q", c.profile, err, w.sts.calls, w.asked)
			}
		}
	}
}

// A session of AWS's is the AWS CLI's too, if no other profile can mean the same file by another source.
func TestSharedWithCLI(t *testing.T) {
	const role = "role_arn = arn:aws:iam::111122223333:role/R\n"
	const file = ".aws/cli/cache/9f6de0e54f0bab369e7d3e83f0126cd6be8735a2.json"
	const keys = "aws_access_key_id = A\naws_secret_access_key = s\n"
	theirs := `{"Credentials":{"AccessKeyId":"THEIRS","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-23T13:00:00Z"}}`
	for _, c := range []struct {
		name, config string
		aws, shares  bool
	}{
		{"alone", "[profile p]\n" + role + "source_profile = k\n", true, true},
		{"another of the same source", "[profile p]\n" + role + "source_profile = k\n[profile q]\n" + role + "source_profile = k\n", true, true},
		{"another of another source", "[profile p]\n" + role + "source_profile = k\n[profile q]\n" + role + "source_profile = q\n" + keys, true, false},
		{"another role of another source", "[profile p]\n" + role + "source_profile = k\n[profile q]\n" + role + "external_id = x\nsource_profile = q\n" + keys, true, true},
		{"a server of one's own", "[profile p]\n" + role + "source_profile = k\n", false, false},
		{"the environment as the source", "[profile p]\n" + role + "credential_source = Environment\n", true, false},
	} {
		w := newWorld(t, c.config+"[profile k]\n"+keys, "")
		w.shared = c.aws
		w.env["AWS_ACCESS_KEY_ID"], w.env["AWS_SECRET_ACCESS_KEY"] = "E", "s"
		if _, err := w.resolve("p", true); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(w.home, file)); (err == nil) != c.shares {
			t.Errorf("%s: kept for the CLI: %v", c.name, err)
		}
		w = newWorld(t, c.config+"[profile k]\n"+keys, "")
		w.shared = c.aws
		w.env["AWS_ACCESS_KEY_ID"], w.env["AWS_SECRET_ACCESS_KEY"] = "E", "s"
		w.write(file, theirs)
		if s, err := w.resolve("p", true); err != nil || (s.AccessKeyID == "THEIRS") != c.shares {
			t.Errorf("%s: %s, %v", c.name, s.AccessKeyID, err)
		}
	}
}

func FuzzSignInFiles(f *testing.F) {
	f.Add([]byte(token("2026-11-23T14:00:00Z", registration)))
	f.Add([]byte(`{"accessToken":{"accessKeyId":"A","secretAccessKey":"s","expiresAt":"2026-11-23T14:00:00UTC"},"refreshToken":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := parseSSOToken(data); err == nil && (s.access.Empty() || s.fields == nil) {
			t.Errorf("%q: a sign-in without a token", data)
		}
		if l, err := parseLogin(data); err == nil && (l.cred.AccessKeyID == "" || l.cred.Secret.Empty() || l.fields == nil) {
			t.Errorf("%q: a login without a key", data)
		}
	})
}
