package e2e

import (
	"testing"

	"sojourn/internal/sojourntest"
)

// Who has no AWS CLI sees the same: our command's answer is the AWS CLI's, to the byte.
func TestSojournPrintsWhatAWSPrints(t *testing.T) {
	t.Parallel()
	s := sojourntest.Start(t)
	admin := administrator(t, s, "", "us-east-1")
	admin.Write(".aws/config", "[default]\ncli_timestamp_format = wire\n") // as version 1 of the AWS CLI has it by default
	const readOnly = "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"
	create := func(args ...string) { t.Helper(); admin.Run("sojourn", append([]string{"iam"}, args...)...) }
	create("create-role", "--role-name", "CodeCommitAccess", "--description", "Reads & writes <code>, größer", "--tags", "Key=team,Value=core",
		"--assume-role-policy-document", trustAccount(sojourntest.Account))
	create("attach-role-policy", "--role-name", "CodeCommitAccess", "--policy-arn", readOnly)
	create("create-user", "--user-name", "Maria", "--tags", "Key=team,Value=core")
	create("put-user-policy", "--user-name", "Maria", "--policy-name", "inline", "--policy-document", allow("codecommit:GitPull"))
	for _, call := range [][]string{
		{"get-role", "--role-name", "CodeCommitAccess"},
		{"list-user-tags", "--user-name", "Maria"}, // in pages
		{"list-entities-for-policy", "--policy-arn", readOnly},
		{"get-account-summary"},
		{"get-account-authorization-details", "--filter", "User", "Role"},
		{"simulate-custom-policy", "--policy-input-list", allow("codecommit:GitPull"), "--action-names", "codecommit:GitPull", "codecommit:GitPush"},
	} {
		theirs, ours := admin.aws(append([]string{"iam"}, call...)...), admin.Run("sojourn", append([]string{"iam"}, call...)...)
		if ours != theirs {
			t.Errorf("iam %s differs from the AWS CLI:\n%s", call[0], diff(t, theirs, ours))
		}
	}
}
