package policy

import "testing"

// The branch policy of the CodeCommit guide, verbatim.
const branchPolicy = `{
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

// GitPush is decided twice: at info/refs the references are not known yet, at
// git-receive-pack each is.
func TestBranchPolicyOfTheGuide(t *testing.T) {
	branch, err := ParseManaged(branchPolicy)
	if err != nil {
		t.Fatal(err)
	}
	power := identity(t, allow("codecommit:*").on("*"))
	dev := Caller{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/dev", PrincipalARN: "arn:aws:iam::111111111111:user/dev"}
	for _, tt := range []struct {
		action, repository string
		references         []string
		want               bool
	}{
		{"codecommit:GitPush", "MyDemoRepo", nil, true},
		{"codecommit:GitPush", "MyDemoRepo", []string{"refs/heads/main"}, false},
		{"codecommit:GitPush", "MyDemoRepo", []string{"refs/heads/prod"}, false},
		{"codecommit:GitPush", "MyDemoRepo", []string{"refs/heads/feature"}, true},
		{"codecommit:GitPush", "MyDemoRepo", []string{"refs/tags/main"}, true},
		{"codecommit:GitPush", "Other", []string{"refs/heads/main"}, true},
		{"codecommit:GitPull", "MyDemoRepo", nil, true},
		{"codecommit:DeleteBranch", "MyDemoRepo", []string{"refs/heads/prod"}, false},
		{"codecommit:PutFile", "MyDemoRepo", []string{"refs/heads/main"}, false},
		{"codecommit:PutFile", "MyDemoRepo", []string{"refs/heads/x"}, true},
		{"codecommit:MergePullRequestByThreeWay", "MyDemoRepo", []string{"refs/heads/main"}, false},
		{"codecommit:CreateCommit", "MyDemoRepo", []string{"refs/heads/main"}, true}, // not in the guide's list
		{"codecommit:CreateBranch", "MyDemoRepo", []string{"refs/heads/main"}, true},
	} {
		r := Request{Action: tt.action, Resource: "arn:aws:codecommit:us-east-2:111111111111:" + tt.repository, Caller: dev,
			Context: Context{"codecommit:references": tt.references}}
		if got := Decide(Set{Identity: []*Policy{power, branch}}, &r); got.Allowed != tt.want {
			t.Errorf("%s %s on %s: %+v, want allowed %t", tt.action, tt.references, tt.repository, got, tt.want)
		}
	}
}

// What the guide warns of: without the Null guard a Deny stops every push at
// its first step, and an Allow without IfExists lets none begin.
func TestBranchPoliciesWithoutTheirGuard(t *testing.T) {
	const push, ref = "codecommit:GitPush", "codecommit:References"
	main := ctx("codecommit:references", "refs/heads/main")
	side := ctx("codecommit:references", "refs/heads/side")
	all := allow("codecommit:*").on("*")
	for _, tt := range []struct {
		name              string
		p                 *Policy
		first, main, side bool
	}{
		{"deny with guard", identity(t, all, deny(push).on("*").when("StringEqualsIfExists", ref, "refs/heads/main").when("Null", ref, "false")), true, false, true},
		{"deny without guard", identity(t, all, deny(push).on("*").when("StringEqualsIfExists", ref, "refs/heads/main")), false, false, true},
		{"deny with a plain operator", identity(t, all, deny(push).on("*").when("StringEquals", ref, "refs/heads/main")), true, false, true},
		{"allow one branch", identity(t, allow(push).on(repo).when("StringEqualsIfExists", ref, "refs/heads/side")), true, false, true},
		{"allow one branch, plain operator", identity(t, allow(push).on(repo).when("StringEquals", ref, "refs/heads/side")), false, false, true},
		{"allow branches by pattern", identity(t, allow(push).on(repo).when("StringLikeIfExists", ref, "refs/heads/s*")), true, false, true},
	} {
		for name, step := range map[string]struct {
			c    Context
			want bool
		}{"info/refs": {nil, tt.first}, "main": {main, tt.main}, "side": {side, tt.side}} {
			if got := ask(tt.p, push, repo, step.c); got != step.want {
				t.Errorf("%s at %s: allowed %t", tt.name, name, got)
			}
		}
	}
}

// The cross-account walk of the guide, from the user in B to the repository in A.
func TestCrossAccountWalk(t *testing.T) {
	const (
		shared  = "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"
		role    = "arn:aws:iam::111122223333:role/MyCrossAccountRepositoryContributorRole"
		session = "arn:aws:sts::111122223333:assumed-role/MyCrossAccountRepositoryContributorRole/s"
	)
	access := identity(t, allow("codecommit:BatchGet*", "codecommit:Create*", "codecommit:DeleteBranch", "codecommit:Get*", "codecommit:List*",
		"codecommit:Describe*", "codecommit:Put*", "codecommit:Post*", "codecommit:Merge*", "codecommit:Test*", "codecommit:Update*",
		"codecommit:GitPull", "codecommit:GitPush").on(shared), allow("codecommit:ListRepositories").on("*"))
	trusts := trust(t, allow("sts:AssumeRole").aws("arn:aws:iam::888888888888:root"))
	group := identity(t, allow("sts:AssumeRole").on(role))

	assumes := func(c Caller, own ...*Policy) bool {
		return Decide(Set{Identity: own, Trust: trusts}, &Request{Action: "sts:AssumeRole", Resource: role, ResourceAccount: here, Caller: c}).Allowed
	}
	if !assumes(stranger, group) {
		t.Error("the developer in B cannot assume the role")
	}
	if assumes(stranger) || assumes(stranger, access) {
		t.Error("a user in B without the group's policy can assume the role")
	}
	if assumes(maria, identity(t, allow("*").on("*"))) {
		t.Error("an administrator of A, whom the role does not trust, can assume it")
	}

	contributor := Caller{Account: here, ARN: session, PrincipalARN: role, ID: "AROACONTRIBUTORAAAAAA"}
	for _, tt := range []struct {
		action, resource string
		want             bool
	}{
		{"codecommit:GitPull", shared, true},
		{"codecommit:GitPush", shared, true},
		{"codecommit:GetRepository", shared, true},
		{"codecommit:ListRepositories", "*", true},
		{"codecommit:DeleteRepository", shared, false},
		{"codecommit:GitPull", repo, false},
	} {
		r := Request{Action: tt.action, Resource: tt.resource, ResourceAccount: here, Caller: contributor}
		if got := Decide(Set{Identity: []*Policy{access}}, &r).Allowed; got != tt.want {
			t.Errorf("%s on %s: allowed %t", tt.action, tt.resource, got)
		}
	}
}

// The documented way to revoke the sessions of a role.
func TestRevokingOlderSessions(t *testing.T) {
	p := identity(t, allow("*").on("*"), deny("*").on("*").when("DateLessThan", "aws:TokenIssueTime", "2026-11-24T12:00:00Z"))
	for issued, want := range map[string]bool{"2026-11-24T11:59:59Z": false, "2026-11-24T12:00:00Z": true} {
		if got := ask(p, pull, repo, ctx("aws:tokenissuetime", issued)); got != want {
			t.Errorf("issued %s: allowed %t", issued, got)
		}
	}
	if !ask(p, pull, repo, nil) {
		t.Error("a long-term key has no issue time, so it is not denied")
	}
}
