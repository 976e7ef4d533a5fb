package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sojourn/internal/audit"
	"sojourn/internal/sojourntest"
)

// rulesFile is where the AWS CLI looks for its own rules about STS's endpoints.
const rulesFile = ".aws/models/sts/2011-06-15/endpoint-rule-set-1.json"

// person works with the unmodified AWS CLI, from a home of their own.
type person struct {
	*sojourntest.Shell
	t *testing.T
	s *sojourntest.Server
}

// administrator is the root of an account.
func administrator(t *testing.T, s *sojourntest.Server, account, region string) person {
	p := person{shell(s), t, s}
	p.As(s.Root(account)).Set("AWS_DEFAULT_REGION", region)
	return p
}

// developer is a user on a new machine: a key made by their administrator,
// entered as "aws configure" asks for it, and a profile.
func developer(admin person, user, region, profile string) person {
	admin.t.Helper()
	p := person{shell(admin.s), admin.t, admin.s}
	var answer struct{ AccessKey map[string]string }
	if err := json.Unmarshal([]byte(admin.aws("iam", "create-access-key", "--user-name", user)), &answer); err != nil {
		p.t.Fatal(err)
	}
	configure := p.Command("aws", "configure")
	configure.Stdin = strings.NewReader(fmt.Sprintf("%s\n%s\n%s\njson\n", answer.AccessKey["AccessKeyId"], answer.AccessKey["SecretAccessKey"], region))
	if out, err := configure.CombinedOutput(); err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
	p.Write(".aws/config", readHome(p.t, p.Shell, ".aws/config")+profile)
	p.Write(rulesFile, ruleset(p.s.URL))
	return p
}

// again is the same user without what their tools keep: the session of a role
// above all.
func (p person) again() person {
	next := person{shell(p.s), p.t, p.s}
	for _, name := range []string{".aws/config", ".aws/credentials", rulesFile} {
		next.Write(name, readHome(p.t, p.Shell, name))
	}
	return next
}

// ruleset sends every call to url. The AWS CLI before 2.13 knows no other way
// to reach a server's STS for a profile with a role.
func ruleset(url string) string {
	type m = map[string]any
	flag := func(name string) m { return m{"builtIn": name, "required": true, "default": false, "type": "Boolean"} }
	text := func(name string) m { return m{"builtIn": name, "required": false, "type": "String"} }
	b, _ := json.Marshal(m{"version": "1.0", // it always encodes
		"parameters": m{"Region": text("AWS::Region"), "Endpoint": text("SDK::Endpoint"), "UseDualStack": flag("AWS::UseDualStack"),
			"UseFIPS": flag("AWS::UseFIPS"), "UseGlobalEndpoint": flag("AWS::STS::UseGlobalEndpoint")},
		"rules": []m{{"conditions": []m{}, "type": "endpoint", "endpoint": m{"url": url, "properties": m{}, "headers": m{}}}}})
	return string(b)
}

// aws calls an operation, which must succeed.
func (p person) aws(args ...string) string {
	p.t.Helper()
	return p.Run("aws", append([]string{"--endpoint-url", p.s.URL}, args...)...)
}

// refused runs a command, which must fail and say so.
func (p person) refused(want, name string, args ...string) {
	p.t.Helper()
	if name == "aws" {
		args = append([]string{"--endpoint-url", p.s.URL}, args...)
	}
	if out := p.Fail(name, args...); !strings.Contains(out, want) {
		p.t.Errorf("%s %s: want %q in\n%s", name, strings.Join(args, " "), want, out)
	}
}

// lastRefusal is the newest refusal on record: it has the reason that the
// answer keeps from the caller.
func lastRefusal(t *testing.T, s *sojourntest.Server) (last audit.Record) {
	t.Helper()
	days, err := filepath.Glob(filepath.Join(s.Data, "audit", "2*.jsonl"))
	if err != nil || len(days) == 0 {
		t.Fatal("no record", err)
	}
	text, err := os.ReadFile(days[len(days)-1])
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var r audit.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Decision == "Deny" {
			last = r
		}
	}
	return last
}
