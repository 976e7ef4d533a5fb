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
	create := func(args ...string) { t.Helper(); admin.Run("sojourn", append([]string{"iam"}, args...)...) }
	create("create-role", "--role-name", "CodeCommitAccess", "--description", "Reads & writes <code>, größer", "--tags", "Key=team,Value=core",
		"--assume-role-policy-document", trustAccount(sojourntest.Account))
	create("attach-role-policy", "--role-name", "CodeCommitAccess", "--policy-arn", "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly")
	create("create-open-id-connect-provider", "--url", "https://login.example.com", "--client-id-list", "sojourn")
	for _, call := range [][]string{
		{"get-role", "--role-name", "CodeCommitAccess"},
		{"list-attached-role-policies", "--role-name", "CodeCommitAccess"},
		{"get-policy-version", "--policy-arn", "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly", "--version-id", "v1"},
		{"get-open-id-connect-provider", "--open-id-connect-provider-arn", "arn:aws:iam::" + sojourntest.Account + ":oidc-provider/login.example.com"},
	} {
		theirs, ours := admin.aws(append([]string{"iam"}, call...)...), admin.Run("sojourn", append([]string{"iam"}, call...)...)
		if ours != theirs {
			t.Errorf("iam %s differs from the AWS CLI:\n%s", call[0], diff(t, theirs, ours))
		}
	}
}
