package machines

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"sojourn/internal/devidp"
	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/sojourntest"
)

// lender is a running "sojourn metadata".
type lender struct {
	url    string
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// lend starts "sojourn metadata" and waits for its listeners.
func (w *world) lend(args ...string) *lender {
	w.t.Helper()
	sh := w.Shell(bin)
	l := &lender{cmd: sh.Command("sojourn", append([]string{"metadata", "--listen", "127.0.0.1:0", "--region", "us-east-1"}, args...)...)}
	l.cmd.Stderr = &l.stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		l.cmd.Process.Kill()
		l.cmd.Wait()
		sojourntest.Printed("sojourn metadata", l.stderr.String())
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		w.t.Fatalf("it said %q: %v\n%s", line, err, &l.stderr)
	}
	l.url = url
	return l
}

// identity writes a machine's files and returns the flags that name them.
func (w *world) identity(m *pkitest.Pair) []string {
	w.t.Helper()
	dir := w.t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
		return path
	}
	args := []string{"--certificate", write("machine.pem", m.PEM()), "--private-key", write("machine.key", m.KeyPEM()),
		"--trust-anchor-arn", w.anchor, "--profile-arn", w.profile}
	if len(m.Chain) > 0 {
		args = append(args, "--intermediates", write("chain.pem", pkitest.Bundle(m.Chain...)))
	}
	return args
}

// program is a user on the machine with nothing configured but where servers are.
func (w *world) program(l *lender) *sojourntest.Shell {
	return w.Shell(bin).Set("AWS_EC2_METADATA_DISABLED", "").Set("AWS_EC2_METADATA_SERVICE_ENDPOINT", l.url+"/").
		Set("AWS_DEFAULT_REGION", "us-east-1")
}

const askWho = `import botocore.session
print(botocore.session.get_session().create_client("sts", "us-east-1").get_caller_identity()["Arn"])`

// goSDK asks who it is by the Go SDK's default chain, in this process.
func goSDK(t *testing.T, w *world, env map[string]string) string {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_ENDPOINT_URL", w.URL)
	t.Setenv("AWS_CA_BUNDLE", w.CA())
	for name, v := range env {
		t.Setenv(name, v)
	}
	options := []func(*config.LoadOptions) error{}
	if env["AWS_REGION"] == "" {
		options = append(options, config.WithEC2IMDSRegion()) // the region comes from the endpoint, too
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(who.Arn)
}

// Machines of one server, as they meet it.
func TestMachines(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{{"SigningHelper", testSigningHelper}, {"DefaultChains", testDefaultChains}, {"Git", testGit}, {"Refused", testRefusedMachine}, {"AWSCLI", testAWSCLI}} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, w.in(t))
		})
	}
}

// On a machine that runs "sojourn metadata" the SDKs' default chains sign in
// with nothing configured, by certificate, for the role in an instance profile,
// and by the endpoint of containers.
func testDefaultChains(t *testing.T, w *world) {
	token := filepath.Join(t.TempDir(), "token")
	held := "arn:aws:iam::" + sojourntest.Account + ":instance-profile/builders"
	l := w.lend(append(w.identity(w.root.Sub("Example Issuing").Machine("build-1")), "--role-arn", held, "--container-token-file", token)...)
	text, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	sojourntest.Secret("container token", string(text))
	is := func(who, got string) {
		t.Helper()
		if want := "arn:aws:sts::" + sojourntest.Account + ":assumed-role/Builder/"; !strings.HasPrefix(strings.TrimSpace(got), want) {
			t.Errorf("%s is %q, want %s…", who, got, want)
		}
	}
	container := map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": l.url + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}
	boxed := w.Shell(bin).Set("AWS_DEFAULT_REGION", "us-east-1")
	for name, v := range container {
		boxed.Set(name, v)
	}
	for name, sh := range map[string]*sojourntest.Shell{"IMDS": w.program(l), "container": boxed} {
		is("aws by "+name, sh.Run("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"))
		is("botocore by "+name, sh.Run("python3", "-c", askWho))
	}
	is("Go by IMDS", goSDK(t, w, map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": l.url + "/"}))
	container["AWS_REGION"], container["AWS_EC2_METADATA_DISABLED"] = "us-east-1", "true"
	is("Go by container", goSDK(t, w, container))
	mode(t, token, 0o600)
	if text := l.stderr.String(); strings.Contains(text, "Token") || strings.Contains(text, "ASIA") {
		t.Errorf("its log is %s", text)
	}
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, &l.stderr)
	}
	if _, err := os.Stat(token); !os.IsNotExist(err) {
		t.Errorf("the token is still there: %v", err)
	}
}

func mode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("%s: %v, %v", path, info, err)
	}
}

// git clones and pushes through our helper, with nothing configured.
func testGit(t *testing.T, w *world) {
	l := w.lend(append(w.identity(w.root.Machine("build-1")), "--role-arn", w.role)...)
	sh := w.program(l)
	sh.Run("git", "init", "-q", "-b", "main", "work")
	work := sh.In("work")
	work.Write("work/README", "hello\n")
	work.Run("git", "add", ".")
	work.Run("git", "commit", "-q", "-m", "Say hello")
	work.Run("git", "push", "-q", "codecommit::us-east-1://MyDemoRepo", "main")
	sh.Run("git", "clone", "-q", "codecommit::us-east-1://MyDemoRepo", "clone")
	if got := sh.In("clone").Run("git", "log", "--format=%s"); got != "Say hello\n" {
		t.Errorf("the clone has %q", got)
	}
}

// A token file that is replaced is read again; the server's absence is bridged.
func TestWebIdentity(t *testing.T) {
	p, err := devidp.Start(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	w := &world{Server: sojourntest.Start(t, sojourntest.AllowLoopback(p.CA)), t: t}
	w.admin = w.Shell(bin).As(w.Root(""))
	w.aws([]string{"iam", "create-open-id-connect-provider", "--url", p.URL, "--client-id-list", "sojourn"},
		[]string{"iam", "create-role", "--role-name", "Builder", "--assume-role-policy-document",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + sojourntest.Account + `:oidc-provider/` + p.Host() + `"},` +
				`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + p.Host() + `:aud":"sojourn"}}}]}`})
	token, err := p.Token("build-1", "sojourn", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := w.lend("--role-arn", builder, "--web-identity-token-file", file, "--role-session-name", "build-1")
	who := w.program(l).Run("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text")
	if want := "arn:aws:sts::" + sojourntest.Account + ":assumed-role/Builder/build-1"; strings.TrimSpace(who) != want {
		t.Errorf("the caller is %s", who)
	}
}

// Each mistake on the command line is one line that says what to do.
func TestMistakes(t *testing.T) {
	s := sojourntest.Start(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	const roleARN, certificate = "arn:aws:iam::111122223333:role/R", "--certificate=c --private-key=k --trust-anchor-arn=a --profile-arn=p"
	for args, want := range map[string]string{
		"":                      "--role-arn is missing",
		"--role-arn " + roleARN: "give one identity",
		"--role-arn " + roleARN + " --web-identity-token-file t " + certificate:                            "give one identity",
		"--role-arn " + roleARN + " --certificate c":                                                       "a certificate needs all of",
		"--role-arn x --web-identity-token-file t":                                                         "is not the ARN of a role",
		"--role-arn arn:aws:iam::111122223333:instance-profile/p --web-identity-token-file t":              "with a certificate only",
		"--role-arn " + roleARN + " --web-identity-token-file t --listen 0.0.0.0:80":                       "is not loopback or link-local",
		"--role-arn " + roleARN + " --web-identity-token-file t --listen localhost:80":                     "IP address",
		"--role-arn " + roleARN + " --web-identity-token-file t --session-duration 60":                     "900 to 43200",
		"--role-arn " + roleARN + " --web-identity-token-file t --hop-limit 0":                             "1 to 64",
		"--role-arn " + roleARN + " --web-identity-token-file t --no-imds":                                 "--no-imds needs",
		"--role-arn " + roleARN + " --web-identity-token-file t --allow-from x":                            "no address range",
		"--role-arn " + roleARN + " --web-identity-token-file t --listen 169.254.1.2:1":                    "ip addr add 169.254.1.2/32 dev lo",
		"--role-arn " + roleARN + " --web-identity-token-file t --container-token-file /no/such/dir/token": "writing the container token",
	} {
		got := s.Shell(bin).Fail("sojourn", append([]string{"metadata"}, strings.Fields(args)...)...)
		if !strings.Contains(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("%q says %q, want %q", args, got, want)
		}
	}
	if help := s.Shell(bin).Run("sojourn", "metadata", "--help"); !strings.Contains(help, "Example:") || !strings.Contains(help, "AWS_EC2_METADATA_SERVICE_ENDPOINT") {
		t.Errorf("the help is %s", help)
	}
}

// With no credentials to give, it says why in its log, and serves none.
func testRefusedMachine(t *testing.T, w *world) {
	l := w.lend(append(w.identity(pkitest.Root(time.Now(), "Example Root").Machine("build-1")), "--role-arn", w.role)...)
	if got := w.program(l).Fail("aws", "sts", "get-caller-identity"); !strings.Contains(got, "Unable to locate credentials") {
		t.Errorf("aws says %s", got)
	}
	l.cmd.Process.Signal(syscall.SIGTERM)
	l.cmd.Wait()
	if log := l.stderr.String(); !strings.Contains(log, "Untrusted certificate: no path leads from the certificate to the trust anchor") {
		t.Errorf("its log is %s", log)
	}
}

// Trust anchors, profiles and revocation lists by the unmodified AWS CLI.
func testAWSCLI(t *testing.T, w *world) {
	list := w.admin.Write("list.pem", string(w.root.List(nil, w.root.Machine("build-1"))))
	out := w.aws([]string{"rolesanywhere", "import-crl", "--name", "list", "--crl-data", "fileb://" + list, "--enabled", "--trust-anchor-arn", w.anchor})
	crl := member(t, out[0], "crl", "crlId")
	id := w.anchor[strings.LastIndexByte(w.anchor, '/')+1:]
	profile := w.profile[strings.LastIndexByte(w.profile, '/')+1:]
	var commands [][]string
	for _, args := range [][]string{
		{"list-tags-for-resource", "--resource-arn", w.anchor}, {"get-profile", "--profile-id", profile},
		{"get-trust-anchor", "--trust-anchor-id", id}, {"list-trust-anchors"}, {"disable-trust-anchor", "--trust-anchor-id", id},
		{"enable-trust-anchor", "--trust-anchor-id", id}, {"update-trust-anchor", "--trust-anchor-id", id, "--name", "renamed"},
		{"list-profiles", "--page-size", "1"}, {"disable-profile", "--profile-id", profile}, {"enable-profile", "--profile-id", profile},
		{"update-profile", "--profile-id", profile, "--duration-seconds", "7200", "--accept-role-session-name"},
		{"put-attribute-mapping", "--profile-id", profile, "--certificate-field", "x509Subject", "--mapping-rules", "specifier=CN", "specifier=OU"},
		{"delete-attribute-mapping", "--profile-id", profile, "--certificate-field", "x509Subject", "--specifiers", "*", "OU"},
		{"get-crl", "--crl-id", crl}, {"list-crls"}, {"disable-crl", "--crl-id", crl}, {"enable-crl", "--crl-id", crl}, {"update-crl", "--crl-id", crl, "--crl-data", "fileb://" + list},
		{"tag-resource", "--resource-arn", w.anchor, "--tags", "key=team,value=ci"}, {"untag-resource", "--resource-arn", w.anchor, "--tag-keys", "other"},
		{"list-tags-for-resource", "--resource-arn", w.anchor}, {"get-profile", "--profile-id", profile},
		{"delete-crl", "--crl-id", crl}, {"delete-profile", "--profile-id", profile}, {"delete-trust-anchor", "--trust-anchor-id", id},
	} {
		commands = append(commands, append([]string{"rolesanywhere"}, args...))
	}
	out = w.aws(commands...)
	if tags := out[20]; !strings.Contains(tags, `"team"`) || !strings.Contains(tags, `"ci"`) {
		t.Errorf("tags %s", tags)
	}
	var p struct {
		Profile struct {
			DurationSeconds   int
			AttributeMappings []struct {
				CertificateField string
				MappingRules     []struct{ Specifier string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out[21]), &p); err != nil {
		t.Fatal(err)
	}
	if m := p.Profile.AttributeMappings; p.Profile.DurationSeconds != 7200 || len(m) != 3 || m[0].CertificateField != "x509Subject" || len(m[0].MappingRules) != 1 || m[0].MappingRules[0].Specifier != "CN" {
		t.Errorf("%+v", p)
	}
	if got := w.admin.Fail("aws", "rolesanywhere", "get-trust-anchor", "--trust-anchor-id", id); !strings.Contains(got, "ResourceNotFoundException") {
		t.Errorf("a deleted trust anchor: %s", got)
	}
}
