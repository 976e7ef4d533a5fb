// Package machines meets machine identities as machines do: AWS's own signing
// helper and the AWS CLI at the Roles Anywhere API, and unmodified SDKs at
// "sojourn metadata".
package machines

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sojourn/internal/rolesanywhere/pkitest"
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
	return m.Run()
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
}

const builder = "arn:aws:iam::" + sojourntest.Account + ":role/Builder"

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Server: sojourntest.Start(t), t: t, root: pkitest.Root(time.Now(), "Example Root"), role: builder}
	w.admin = w.Shell(bin).As(w.Root(""))
	w.anchor = w.aws("trustAnchor", "trustAnchorArn", "rolesanywhere", "create-trust-anchor", "--name", "machines", "--enabled",
		"--source", w.source(w.root))
	w.aws("", "", "iam", "create-role", "--role-name", "Builder", "--assume-role-policy-document", trust(w.anchor))
	w.aws("", "", "iam", "put-role-policy", "--role-name", "Builder", "--policy-name", "git", "--policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["codecommit:GitPull","codecommit:GitPush"],"Resource":"*"}}`)
	w.profile = w.aws("profile", "profileArn", "rolesanywhere", "create-profile", "--name", "builders", "--enabled", "--role-arns", builder)
	w.aws("", "", "codecommit", "create-repository", "--repository-name", "MyDemoRepo")
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

// aws runs the AWS CLI and returns a member of an object of the answer.
func (w *world) aws(object, member string, args ...string) string {
	w.t.Helper()
	out := w.admin.Run("aws", append(args, "--output", "json")...)
	if object == "" {
		return out
	}
	var answer map[string]map[string]any
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	text, _ := answer[object][member].(string)
	return text
}
