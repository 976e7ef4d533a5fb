package e2e

import (
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

const (
	demoRemote = "codecommit://MyDemoRepo"
	demoARN    = "arn:aws:codecommit:us-east-2:111111111111:MyDemoRepo"
	pushDenied = "codecommit:GitPush on resource: " + demoARN + " with an explicit deny in an identity-based policy"
)

// The guide's policy that keeps developers from two branches, as printed.
const limitPushes = `{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": [
                "codecommit:GitPush",
                "codecommit:DeleteBranch",
                "codecommit:PutFile",
                "codecommit:MergeBranchesByFastForward",
                "codecommit:MergeBranchesBySquash",
                "codecommit:MergeBranchesByThreeWay",
                "codecommit:MergePullRequestByFastForward",
                "codecommit:MergePullRequestBySquash",
                "codecommit:MergePullRequestByThreeWay"
            ],
            "Resource": "arn:aws:codecommit:us-east-2:111111111111:MyDemoRepo",
            "Condition": {
                "StringEqualsIfExists": {
                    "codecommit:References": [
                        "refs/heads/main",
                        "refs/heads/prod"
                    ]
                },
                "Null": {
                    "codecommit:References": "false"
                }
            }
        }
    ]
}`

// pushing allows reading, and pushes under a condition.
func pushing(operator string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"},
		{"Effect":"Allow","Action":"codecommit:GitPush","Resource":"` + demoARN + `","Condition":{"` + operator + `":{"codecommit:References":"refs/heads/feature"}}}]}`
}

// branches is what a test of the branch policy works with.
type branches struct {
	admin     person
	developer person // in the group DevelopersGroup
	work      person // the developer in a clone with the branch main
}

// group puts the group's only inline policy.
func (b *branches) group(document string) {
	b.admin.t.Helper()
	b.admin.aws("iam", "put-group-policy", "--group-name", "DevelopersGroup", "--policy-name", "LimitPushes", "--policy-document", document)
}

// push tries a push and returns what git says, and whether all went through.
func (b *branches) push(args ...string) (string, bool) {
	b.admin.t.Helper()
	out, errOut, err := b.work.Try("git", append([]string{"push", "origin"}, args...)...)
	return out + errOut, err == nil
}

// has fails unless the repository has exactly these refs beside the branches
// main and prod.
func (b *branches) has(refs ...string) {
	b.admin.t.Helper()
	var got []string
	for line := range strings.Lines(b.work.Run("git", "ls-remote", "origin")) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name != "HEAD" && name != "refs/heads/main" && name != "refs/heads/prod" {
			got = append(got, name)
		}
	}
	if strings.Join(got, " ") != strings.Join(refs, " ") {
		b.admin.t.Errorf("the repository has %v, want %v", got, refs)
	}
}

func newBranches(t *testing.T) *branches {
	s := sojourntest.Start(t, sojourntest.First("us-east-2", "111111111111"))
	b := &branches{admin: administrator(t, s, "", "us-east-2")}
	b.admin.aws("codecommit", "create-repository", "--repository-name", "MyDemoRepo")
	b.admin.aws("iam", "create-group", "--group-name", "DevelopersGroup")
	b.admin.aws("iam", "attach-group-policy", "--group-name", "DevelopersGroup", "--policy-arn", "arn:aws:iam::aws:policy/AWSCodeCommitPowerUser")
	b.admin.aws("iam", "create-user", "--user-name", "Maria")
	b.admin.aws("iam", "add-user-to-group", "--group-name", "DevelopersGroup", "--user-name", "Maria")
	commit(t, b.admin.Shell, "seed").Run("git", "push", "-q", demoRemote, "main", "main:prod")
	b.developer = developer(b.admin, "Maria", "us-east-2", "")
	b.developer.Run("git", "clone", "-q", demoRemote, "work")
	b.work = person{b.developer.In("work"), t, s}
	write(t, b.work.Shell, "feature", "new\n")
	b.work.Run("git", "add", ".")
	b.work.Run("git", "commit", "-q", "-m", "Add a feature")
	b.work.Run("git", "tag", "v1")
	b.work.Run("git", "branch", "rewritten", strings.TrimSpace(b.work.Run("git", "commit-tree", "-m", "Another root", "main^{tree}")))
	return b
}

const rejected = " (You don't have permission to push changes to this branch)"

// TestBranchPolicy is the guide's policy at work.
func TestBranchPolicy(t *testing.T) {
	t.Parallel()
	b := newBranches(t)
	b.group(limitPushes)
	for _, c := range []struct {
		name  string
		push  []string
		says  []string // nothing means that all goes through
		after []string // the refs beside main and prod
	}{
		{"a feature branch", []string{"main:feature"}, nil, []string{"refs/heads/feature"}},
		{"main", []string{"main"}, []string{"! [remote rejected] main -> main" + rejected}, []string{"refs/heads/feature"}},
		{"main by force", []string{"--force", "rewritten:refs/heads/main"}, []string{"rewritten -> main" + rejected}, []string{"refs/heads/feature"}},
		{"prod", []string{"main:prod"}, []string{"! [remote rejected] main -> prod" + rejected}, []string{"refs/heads/feature"}},
		{"a tag", []string{"v1"}, nil, []string{"refs/heads/feature", "refs/tags/v1"}},
		{"names beside the denied ones", []string{"main:main2", "main:features/main", "main:refs/tags/main", "v1:refs/heads/Main"},
			nil, []string{"refs/heads/Main", "refs/heads/feature", "refs/heads/features/main", "refs/heads/main2", "refs/tags/main", "refs/tags/v1"}},
		{"several at once", []string{"main", "main:second", "main:prod", "v1:refs/tags/v2"},
			[]string{"main -> main" + rejected, "main -> prod" + rejected, "[new branch]      main -> second", "[new tag]         v1 -> v2"},
			[]string{"refs/heads/Main", "refs/heads/feature", "refs/heads/features/main", "refs/heads/main2", "refs/heads/second", "refs/tags/main", "refs/tags/v1", "refs/tags/v2"}},
		{"all or none", []string{"--atomic", "main:third", "main"}, []string{"main -> main", "main -> third"},
			[]string{"refs/heads/Main", "refs/heads/feature", "refs/heads/features/main", "refs/heads/main2", "refs/heads/second", "refs/tags/main", "refs/tags/v1", "refs/tags/v2"}},
		{"deletions", []string{":refs/heads/main", ":prod", ":second", ":Main", ":main2", ":features/main", ":v2", ":refs/tags/main"},
			[]string{"! [remote rejected] main" + rejected, "! [remote rejected] prod" + rejected}, []string{"refs/heads/feature", "refs/tags/v1"}},
	} {
		out, ok := b.push(c.push...)
		if ok != (c.says == nil) {
			t.Errorf("%s: all went through: %v\n%s", c.name, ok, out)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s: want %q in\n%s", c.name, want, out)
			}
		}
		b.has(c.after...)
	}
	b.api(t)
}

// api is the policy in the API: DeleteBranch is on its list, CreateBranch isn't.
func (b *branches) api(t *testing.T) {
	branch := func(operation, name string, more ...string) []string {
		return append([]string{"codecommit", operation, "--repository-name", "MyDemoRepo", "--branch-name", name}, more...)
	}
	for _, name := range []string{"main", "prod"} {
		b.developer.refused("(AccessDeniedException) when calling the DeleteBranch operation: User: arn:aws:iam::111111111111:user/Maria is not authorized to perform: "+
			"codecommit:DeleteBranch on resource: "+demoARN+" with an explicit deny in an identity-based policy", "aws", branch("delete-branch", name)...)
	}
	b.developer.aws(branch("delete-branch", "feature")...)
	b.has("refs/tags/v1")
	b.admin.aws(branch("delete-branch", "prod")...)
	b.developer.aws(branch("create-branch", "prod", "--commit-id", strings.TrimSpace(b.work.Run("git", "rev-parse", "origin/main")))...)
	if out, _ := b.push("main:prod"); !strings.Contains(out, "main -> prod"+rejected) {
		t.Errorf("a push to the branch that they made:\n%s", out)
	}
}

// TestBranchPolicyPitfalls: a push is authorised twice, first without refs. A
// policy that forgets that refuses every push.
func TestBranchPolicyPitfalls(t *testing.T) {
	t.Parallel()
	b := newBranches(t)
	refusedAtOnce := func(what, want string) {
		t.Helper()
		if out, ok := b.push("main:feature"); ok || !strings.Contains(out, want) {
			t.Errorf("%s: want %q in\n%s", what, want, out)
		}
		b.has()
	}
	b.group(strings.Replace(limitPushes, `,
                "Null": {
                    "codecommit:References": "false"
                }`, "", 1))
	refusedAtOnce("a Deny without Null", pushDenied)
	b.group(strings.Replace(limitPushes, "StringEqualsIfExists", "StringEquals", 1))
	if out, ok := b.push("main:feature", "main"); ok || !strings.Contains(out, "main -> main"+rejected) {
		t.Errorf("a Deny with StringEquals needs no Null:\n%s", out)
	}
	b.has("refs/heads/feature")
	b.push(":feature")

	b.admin.aws("iam", "detach-group-policy", "--group-name", "DevelopersGroup", "--policy-arn", "arn:aws:iam::aws:policy/AWSCodeCommitPowerUser")
	b.group(pushing("StringEquals"))
	refusedAtOnce("an Allow with StringEquals", "codecommit:GitPush on resource: "+demoARN+" because no identity-based policy allows the codecommit:GitPush action")
	b.group(pushing("StringEqualsIfExists"))
	if out, ok := b.push("main:feature", "main:other"); ok || !strings.Contains(out, "main -> other"+rejected) {
		t.Errorf("an Allow with StringEqualsIfExists:\n%s", out)
	}
	b.has("refs/heads/feature")
}
