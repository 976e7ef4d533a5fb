package e2e

import (
	"strings"
	"testing"

	"sojourn/internal/sojourntest"
)

// The names of the CodeCommit guide's walk through cross-account access.
const (
	walkRegion = "us-east-2"
	owner      = sojourntest.Account
	guests     = "888888888888"
	walkRole   = "arn:aws:iam::" + owner + ":role/MyCrossAccountRepositoryContributorRole"
	walkPolicy = "arn:aws:iam::" + owner + ":policy/CrossAccountAccessForMySharedDemoRepo"
	walkGroup  = "DevelopersWithCrossAccountRepositoryAccess"
	walkRemote = "codecommit://MyCrossAccountAccessProfile@MySharedDemoRepo"

	// walkProfile is as the guide prints it.
	walkProfile = `
[profile MyCrossAccountAccessProfile]
region = us-east-2
account = 111122223333
role_arn = arn:aws:iam::111122223333:role/MyCrossAccountRepositoryContributorRole
source_profile = default
`
)

// contributor is the guide's policy for a repository.
func contributor(repository string) string {
	return `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["codecommit:BatchGet*","codecommit:Create*","codecommit:DeleteBranch","codecommit:Get*","codecommit:List*",
			"codecommit:Describe*","codecommit:Put*","codecommit:Post*","codecommit:Merge*","codecommit:Test*","codecommit:Update*",
			"codecommit:GitPull","codecommit:GitPush"],"Resource":"arn:aws:codecommit:us-east-2:111122223333:` + repository + `"},
		{"Effect":"Allow","Action":"codecommit:ListRepositories","Resource":"*"}]}`
}

// assuming is a policy with one statement about assuming the role.
func assuming(effect string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Action":"sts:AssumeRole","Resource":"` + walkRole + `"}}`
}

// walk is the guide's four parts: the owner's side, the guests' side, and the
// guests' user on a machine of their own.
type walk struct{ owner, guests, user person }

// ownerSide makes the repository, the policy and the role, which trusts the other account.
func (w *walk) ownerSide() {
	w.owner.aws("codecommit", "create-repository", "--repository-name", "MySharedDemoRepo")
	w.owner.aws("iam", "create-policy", "--policy-name", "CrossAccountAccessForMySharedDemoRepo", "--policy-document", contributor("MySharedDemoRepo"))
	w.owner.aws("iam", "create-role", "--role-name", "MyCrossAccountRepositoryContributorRole", "--assume-role-policy-document", trustAccount(guests))
	w.owner.aws("iam", "attach-role-policy", "--role-name", "MyCrossAccountRepositoryContributorRole", "--policy-arn", walkPolicy)
}

// noRole clones on a machine that keeps no session: the role may not be
// assumed, in the same words whatever is missing, for the reason on record.
func (w *walk) noRole(t *testing.T, reason string) {
	t.Helper()
	const want = "User: arn:aws:iam::" + guests + ":user/Maria is not authorized to perform: sts:AssumeRole on resource: " + walkRole
	w.user.again().refused(want, "git", "clone", walkRemote)
	if r := lastRefusal(t, w.owner.s); r.EventName != "AssumeRole" || r.Reason != reason {
		t.Errorf("on record: %s refused %q, want AssumeRole %q", r.EventName, r.Reason, reason)
	}
}

// TestCrossAccountWalk is the CodeCommit guide's walk with its own names: what
// is missing is refused at each step until all is there, and again when a piece
// is taken away.
func TestCrossAccountWalk(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t, sojourntest.First(walkRegion, owner))
	s.CreateAccount(guests)
	w := &walk{owner: administrator(t, s, owner, walkRegion), guests: administrator(t, s, guests, walkRegion)}
	w.guests.aws("iam", "create-user", "--user-name", "Maria")
	w.user = developer(w.guests, "Maria", walkRegion, walkProfile)

	const nobodyAllows = "because no identity-based policy allows the sts:AssumeRole action"
	w.noRole(t, "because no role trust policy allows the sts:AssumeRole action") // there is no role yet, which the answer doesn't tell
	w.ownerSide()
	w.noRole(t, nobodyAllows) // the role trusts the account; its administrator permits nobody yet
	w.guests.aws("iam", "create-group", "--group-name", walkGroup)
	w.guests.aws("iam", "put-group-policy", "--group-name", walkGroup, "--policy-name", "AccessPolicyForSharedRepository", "--policy-document", assuming("Allow"))
	w.noRole(t, nobodyAllows) // she isn't in the group
	w.guests.aws("iam", "add-user-to-group", "--group-name", walkGroup, "--user-name", "Maria")

	w.works(t)
	w.guestsTakeAway(t, nobodyAllows)
	w.ownerTakesAway(t)
	w.user.again().Run("git", "clone", "-q", walkRemote)
}

// works is what the guide's user does then.
func (w *walk) works(t *testing.T) {
	sh := w.user.Shell
	sh.Run("git", "clone", "-q", walkRemote)
	clone := sh.In("MySharedDemoRepo")
	clone.Run("git", "checkout", "-q", "-b", "main")
	write(t, clone, "README", "hello\n")
	clone.Run("git", "add", ".")
	clone.Run("git", "commit", "-q", "-m", "Say hello")
	clone.Run("git", "push", "-q", "-u", "origin", "main")
	tip := strings.TrimSpace(clone.Run("git", "rev-parse", "HEAD"))

	codecommit := func(args ...string) string {
		t.Helper()
		return w.user.aws(append([]string{"codecommit", "--profile", "MyCrossAccountAccessProfile", "--output", "text"}, args...)...)
	}
	if got := codecommit("get-branch", "--repository-name", "MySharedDemoRepo", "--branch-name", "main", "--query", "branch.commitId"); got != tip+"\n" {
		t.Errorf("the branch is at %q, want %s", got, tip)
	}
	codecommit("create-branch", "--repository-name", "MySharedDemoRepo", "--branch-name", "topic", "--commit-id", tip)
	if got := codecommit("list-repositories", "--query", "repositories[].repositoryName"); got != "MySharedDemoRepo\n" {
		t.Errorf("the repositories are %q", got)
	}
	w.user.refused("is not authorized to perform: codecommit:DeleteRepository on resource: arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo "+
		"because no identity-based policy allows the codecommit:DeleteRepository action",
		"aws", "codecommit", "--profile", "MyCrossAccountAccessProfile", "delete-repository", "--repository-name", "MySharedDemoRepo")
	clone.Run("git", "pull", "-q")
	if got := clone.Run("git", "branch", "-r"); !strings.Contains(got, "origin/topic") {
		t.Errorf("after the pull:\n%s", got)
	}
	w.user.refused("codecommit:GitPull on resource: arn:aws:codecommit:us-east-2:888888888888:MySharedDemoRepo because no identity-based policy allows",
		"git", "clone", "codecommit://MySharedDemoRepo", "mine") // without the profile she is in her own account
}

// guestsTakeAway takes away a piece of the guests' side at a time, and gives it back.
func (w *walk) guestsTakeAway(t *testing.T, nobodyAllows string) {
	iam := func(args ...string) { t.Helper(); w.guests.aws(append([]string{"iam"}, args...)...) }
	iam("remove-user-from-group", "--group-name", walkGroup, "--user-name", "Maria")
	w.noRole(t, nobodyAllows)
	iam("add-user-to-group", "--group-name", walkGroup, "--user-name", "Maria")

	iam("delete-group-policy", "--group-name", walkGroup, "--policy-name", "AccessPolicyForSharedRepository")
	w.noRole(t, nobodyAllows)
	iam("put-group-policy", "--group-name", walkGroup, "--policy-name", "AccessPolicyForSharedRepository", "--policy-document", assuming("Allow"))

	iam("put-user-policy", "--user-name", "Maria", "--policy-name", "deny", "--policy-document", assuming("Deny"))
	w.noRole(t, "with an explicit deny in an identity-based policy")
	iam("delete-user-policy", "--user-name", "Maria", "--policy-name", "deny")
}

// ownerTakesAway does the same on the owner's side.
func (w *walk) ownerTakesAway(t *testing.T) {
	iam := func(args ...string) { t.Helper(); w.owner.aws(append([]string{"iam"}, args...)...) }
	trust := func(document string) {
		iam("update-assume-role-policy", "--role-name", "MyCrossAccountRepositoryContributorRole", "--policy-document", document)
	}
	trust(trustAccount(owner))
	w.noRole(t, "because no role trust policy allows the sts:AssumeRole action")
	trust(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::888888888888:root"},"Action":"sts:AssumeRole"},
		{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::888888888888:user/Maria"},"Action":"sts:AssumeRole"}]}`)
	w.noRole(t, "with an explicit deny in the role trust policy")
	trust(trustAccount(guests))

	const repository = " on resource: arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo "
	clone := person{w.user.In("MySharedDemoRepo"), t, w.user.s}
	iam("put-role-policy", "--role-name", "MyCrossAccountRepositoryContributorRole", "--policy-name", "deny", "--policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"codecommit:GitPush","Resource":"*"}}`)
	clone.refused("codecommit:GitPush"+repository+"with an explicit deny in an identity-based policy", "git", "push", "origin", "main:second")
	clone.Run("git", "fetch", "-q")
	iam("delete-role-policy", "--role-name", "MyCrossAccountRepositoryContributorRole", "--policy-name", "deny")

	iam("create-policy-version", "--policy-arn", walkPolicy, "--set-as-default", "--policy-document", contributor("MyOtherRepo"))
	clone.refused("codecommit:GitPull"+repository+"because no identity-based policy allows the codecommit:GitPull action", "git", "fetch")
	w.user.refused("codecommit:GetRepository"+repository+"because no identity-based policy allows the codecommit:GetRepository action",
		"aws", "codecommit", "--profile", "MyCrossAccountAccessProfile", "get-repository", "--repository-name", "MySharedDemoRepo")
	iam("set-default-policy-version", "--policy-arn", walkPolicy, "--version-id", "v1")
}
