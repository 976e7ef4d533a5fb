package policy

import "testing"

// Who may pull from a repository of the account here, by what its policy says
// and by what the caller's own policies say.
func TestResourcePolicies(t *testing.T) {
	allowing := []*Policy{identity(t, allow(pull).on(repo))}
	none := []*Policy{identity(t, allow("iam:*").on("*"))}
	no := []*Policy{identity(t, allow("*").on("*"), deny(pull).on(repo))}
	boundary := mustParse(t, Boundary, version2012, allow("iam:*").on("*"))
	wide := mustParse(t, Boundary, version2012, allow("*").on("*"))
	session := []*Policy{mustParse(t, Session, version2012, allow("iam:*").on("*"))}
	open := []*Policy{mustParse(t, Session, version2012, allow("*").on("*"))}

	grants := func(s stmt) *Policy { return resourceBased(t, s) }
	on := allow(pull).on(repo)
	byAccount, byOther := grants(on.aws(here)), grants(on.aws("arn:aws:iam::888888888888:root"))
	byUser, byRole, bySession := grants(on.aws(maria.ARN)), grants(on.aws(dev.PrincipalARN)), grants(on.aws(dev.ARN))
	byStranger, byAnyone, byStar := grants(on.aws(stranger.ARN)), grants(on.from("*")), grants(on.from(anyone))
	byBut := grants(on.notAWS(stranger.ARN))
	byARN := grants(on.from("*").when("ArnLike", "aws:PrincipalArn", dev.PrincipalARN))
	byNotARN := grants(on.from("*").when("ArnNotLike", "aws:PrincipalArn", stranger.ARN))
	elsewhere := grants(allow(pull).on(repo + "2").from("*"))
	noOther := resourceBased(t, on.from("*"), deny(pull).on(repo).notAWS(here, maria.ARN))
	noMaria := resourceBased(t, on.from("*"), deny(pull).on(repo).aws(maria.ARN))

	for _, tt := range []struct {
		name   string
		caller Caller
		s      Set
		want   string
	}{
		// Same account: either side may allow.
		{"silent, own allows", maria, Set{Identity: allowing, Resource: elsewhere}, "allow"},
		{"silent, own silent", maria, Set{Identity: none, Resource: elsewhere}, "no identity"},
		{"denied", maria, Set{Identity: allowing, Resource: noMaria}, "deny by resource"},
		{"account named, own allows", maria, Set{Identity: allowing, Resource: byAccount}, "allow"},
		{"account named, own silent", maria, Set{Identity: none, Resource: byAccount}, "no identity"},
		{"user named, own silent", maria, Set{Identity: none, Resource: byUser}, "allow"},
		{"user named, own denies", maria, Set{Identity: no, Resource: byUser}, "deny by identity"},
		{"user named, boundary silent", maria, Set{Boundary: boundary, Resource: byUser}, "allow"},
		{"role named, own silent", dev, Set{Identity: none, Resource: byRole}, "allow"},
		{"role named, boundary silent", dev, Set{Boundary: boundary, Resource: byRole}, "no boundary"},
		{"role named, session silent", dev, Set{Session: session, HasSession: true, Resource: byRole}, "no session"},
		{"role named, boundary and session allow", dev, Set{Boundary: wide, Session: open, HasSession: true, Resource: byRole}, "allow"},
		{"session named, all silent", dev, Set{Boundary: boundary, Session: session, HasSession: true, Resource: bySession}, "allow"},
		{"session named, session denies", dev, Set{Session: []*Policy{mustParse(t, Session, version2012, deny(pull).on("*"))}, HasSession: true, Resource: bySession}, "deny by session"},
		{"everyone, own silent", maria, Set{Identity: none, Resource: byAnyone}, "allow"},
		{"everyone with an ARN, own silent", dev, Set{Resource: byStar}, "allow"},
		{"everyone, boundary silent", maria, Set{Boundary: boundary, Resource: byAnyone}, "allow"},
		{"everyone, boundary of a role silent", dev, Set{Boundary: boundary, Resource: byAnyone}, "no boundary"},
		{"everyone, session silent", dev, Set{Session: session, HasSession: true, Resource: byStar}, "no session"},
		{"everyone of a role's ARN, boundary and session silent", dev, Set{Boundary: boundary, Session: session, HasSession: true, Resource: byARN}, "allow"},
		{"everyone but of a role's ARN, boundary silent", dev, Set{Boundary: boundary, Resource: byNotARN}, "no boundary"},
		{"all but another, own silent", maria, Set{Resource: byBut}, "allow"},
		{"all but another account are denied", maria, Set{Resource: noOther}, "allow"},
		{"all but the account and another are denied", dev, Set{Resource: noOther}, "deny by resource"},
		{"all but are denied, with a boundary", maria, Set{Boundary: wide, Resource: noOther}, "deny by resource"},
		{"federated session of the user named", fed, Set{Session: open, HasSession: true, FederatedUser: true, Resource: byUser}, "allow"},
		{"federated session of the user named, session silent", fed, Set{Session: session, HasSession: true, FederatedUser: true, Resource: byUser}, "no session"},
		{"federated session of the user named, boundary silent", fed, Set{Boundary: boundary, Session: open, HasSession: true, FederatedUser: true, Resource: byUser}, "no boundary"},
		{"federated session named, all silent", fed, Set{Boundary: boundary, FederatedUser: true, Resource: grants(on.aws(fed.ARN))}, "allow"},
		{"root", root, Set{Resource: elsewhere}, "allow"},
		{"root, denied", root, Set{Resource: resourceBased(t, deny(pull).on(repo).aws(here))}, "deny by resource"},

		// Another account: both sides must allow.
		{"stranger, no policy", stranger, Set{Identity: allowing}, "no resource"},
		{"stranger, silent", stranger, Set{Identity: allowing, Resource: byAccount}, "no resource"},
		{"stranger, account named, own allows", stranger, Set{Identity: allowing, Resource: byOther}, "allow"},
		{"stranger, account named, own silent", stranger, Set{Identity: none, Resource: byOther}, "no identity"},
		{"stranger named, own silent", stranger, Set{Identity: none, Resource: byStranger}, "no identity"},
		{"stranger named, boundary silent", stranger, Set{Identity: allowing, Boundary: boundary, Resource: byStranger}, "no boundary"},
		{"everyone, stranger silent", stranger, Set{Identity: none, Resource: byAnyone}, "no identity"},
		{"everyone, stranger allows", stranger, Set{Identity: allowing, Resource: byStar}, "allow"},
		{"stranger, own denies", stranger, Set{Identity: no, Resource: byStranger}, "deny by identity"},
		{"stranger, all but here are denied", stranger, Set{Identity: allowing, Resource: noOther}, "deny by resource"},
		{"strange root, account named", strangerRoot, Set{Resource: byOther}, "allow"},
		{"strange root, not named", strangerRoot, Set{Resource: byAccount}, "no resource"},

		{"nobody", nobody, Set{Resource: byAnyone}, "no trust"},
		{"a role has its trust policy only", maria, Set{Trust: trust(t, allow(assume).aws(here)), Resource: byUser}, "no trust"},
		{"but is denied by either", maria, Set{Trust: trust(t, allow("sts:*").aws(maria.ARN)), Resource: noMaria}, "deny by resource"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := Request{Action: pull, Resource: repo, Caller: tt.caller, Context: ctx("aws:principalarn", tt.caller.PrincipalARN)}
			if got := answer(Decide(tt.s, &r)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestResourcePolicyGrammar(t *testing.T) {
	on := allow(pull).on(repo)
	for _, tt := range []struct {
		s    stmt
		want string
	}{
		{on.aws(maria.ARN), ""},
		{on.from("*"), ""},
		{on.notAWS(maria.ARN), ""},
		{allow("s3:*").off("arn:aws:s3:::b/${aws:username}").from(map[string]any{"Service": "ec2.amazonaws.com"}), ""},
		{on, "Missing required field Principal"},
		{on.from(map[string]any{}), "Missing required field Principal"},
		{on.from(map[string]any{"AWS": "arn:aws:iam::111122223333:user/*"}), `Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"`},
		{allow(pull).aws(here), "Policy statement must contain resources."},
		{on.aws(here).without("Action"), "Policy statement must contain actions."},
		{allow("GitPull").on(repo).aws(here), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{allow(pull).on("repo").aws(here), `Resource repo must be in ARN format or "*".`},
		{on.aws(here).with("NotPrincipal", "*"), "Syntax errors in policy."},
	} {
		text := written(version2012, tt.s)
		_, err := Parse(Resource, text)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("Parse(Resource, %s): %v", text, err)
		case tt.want != "" && (err == nil || err.Error() != tt.want):
			t.Errorf("Parse(Resource, %s): %v, want %q", text, err, tt.want)
		}
	}
}
