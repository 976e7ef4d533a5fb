// Package machines meets machine identities as machines do: AWS's own signing
// helper and the AWS CLI at the Roles Anywhere API, and unmodified SDKs at
// "sojourn metadata".
package machines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/sigv4"
	"sojourn/internal/sojourntest"
)

// bin is the directory of the binaries under test.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sojourn-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	if err := sojourntest.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return sojourntest.Run(m)
}

// world is a server that trusts an authority's machines with the role Builder,
// which may use the repository MyDemoRepo.
type world struct {
	*sojourntest.Server
	t               *testing.T
	admin           *sojourntest.Shell // the account's root, with the AWS CLI
	root            *pkitest.Pair
	anchor, profile string // ARNs
	role            string
	cred            sigv4.Credentials
}

// in is the same world for a test of its own.
func (w *world) in(t *testing.T) *world {
	same := *w
	same.t, same.Server = t, sojourntest.At(t, w.Data, w.URL)
	same.admin = same.Shell(bin).As(w.cred)
	return &same
}

const builder = "arn:aws:iam::" + sojourntest.Account + ":role/Builder"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Server: sojourntest.Start(t), t: t, root: pkitest.Root(time.Now(), "Example Root"), role: builder}
	w.cred = w.Root("")
	w.admin = w.Shell(bin).As(w.cred)
	out := w.aws([]string{"rolesanywhere", "create-trust-anchor", "--name", "machines", "--enabled", "--source", w.source(w.root)},
		[]string{"codecommit", "create-repository", "--repository-name", "MyDemoRepo"})
	w.anchor = member(t, out[0], "trustAnchor", "trustAnchorArn")
	out = w.aws([]string{"iam", "create-role", "--role-name", "Builder", "--assume-role-policy-document", trust(w.anchor)},
		[]string{"iam", "put-role-policy", "--role-name", "Builder", "--policy-name", "git", "--policy-document",
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["codecommit:GitPull","codecommit:GitPush"],"Resource":"*"}}`},
		[]string{"iam", "create-instance-profile", "--instance-profile-name", "builders"},
		[]string{"iam", "add-role-to-instance-profile", "--instance-profile-name", "builders", "--role-name", "Builder"},
		[]string{"rolesanywhere", "create-profile", "--name", "builders", "--enabled", "--role-arns", builder})
	w.profile = member(t, out[4], "profile", "profileArn")
	return w
}

func (w *world) source(authority *pkitest.Pair) string {
	b, err := json.Marshal(map[string]any{"sourceType": "CERTIFICATE_BUNDLE", "sourceData": map[string]string{"x509CertificateData": authority.PEM()}})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// trust lets machines of one trust anchor in.
func trust(anchor string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},` +
		`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"ArnEquals":{"aws:SourceArn":"` + anchor + `"}}}]}`
}

// manyCommands is the AWS CLI for several command lines, given as JSON, in one
// process: its start is most of its time. The answers are a JSON list.
const manyCommands = `
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
answers, driver = [], create_clidriver()
for args in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = driver.main(args + ["--output", "json"])
    if status:
        sys.exit("aws %s: status %s" % (" ".join(args), status))
    answers.append(out.getvalue())
print(json.dumps(answers))
`

// aws runs command lines of the AWS CLI and returns their answers.
func (w *world) aws(commands ...[]string) (answers []string) {
	w.t.Helper()
	in, err := json.Marshal(commands)
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.admin.Command("python3", "-c", manyCommands)
	var out, said bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &out, &said
	if err := c.Run(); err != nil {
		w.t.Fatalf("%v: %s", err, &said)
	}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil || len(answers) != len(commands) {
		w.t.Fatalf("%v: %s", err, &out)
	}
	return answers
}

// member is a member of an object in an answer.
func member(t *testing.T, answer, object, name string) string {
	t.Helper()
	var a map[string]map[string]any
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	text, _ := a[object][name].(string)
	return text
}
