package sts

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"sojourn/internal/client/apicall"
	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
)

// info is a call that needs a permission.
func (w *world) info(by *awssts.Client) error {
	_, err := by.GetAccessKeyInfo(w.t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &w.mariaKey.AccessKeyID})
	return err
}

// The documented way to end a role's sessions: deny what was issued before now.
func TestRevokeOlderSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")}))
	check(t, []row{{"before", func() error { return w.info(old) }, refusal{}}})
	w.Turn(time.Minute)
	w.iam("put-role-policy", "--role-name", "Short", "--policy-name", "AWSRevokeOlderSessions", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"`+w.Now().UTC().Format(time.RFC3339)+`"}}}]}`)
	w.Turn(time.Minute)
	fresh := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")}))
	check(t, []row{
		{"an older session", func() error { return w.info(old) }, denied("User: arn:aws:sts::" + account + ":assumed-role/Short/s1 is not authorized to perform: sts:GetAccessKeyInfo with an explicit deny in an identity-based policy")},
		{"who it is, it is told", identity(t, old), refusal{}},
		{"a newer session", func() error { return w.info(fresh) }, refusal{}},
	})
}

// Policies are read at each request; sessions of what is gone are gone.
func TestChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inRole := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")}))
	check(t, []row{{"before", func() error { return w.info(inRole) }, refusal{}}})
	w.iam("delete-role-policy", "--role-name", "Short", "--policy-name", "inline")
	w.iam("update-assume-role-policy", "--role-name", "External", "--policy-document", trust(other, ""))
	check(t, []row{
		{"a permission that is taken away", func() error { return w.info(inRole) }, denied("User: arn:aws:sts::" + account +
			":assumed-role/Short/s1 is not authorized to perform: sts:GetAccessKeyInfo because no identity-based policy allows the sts:GetAccessKeyInfo action")},
		{"a trust that is taken away", w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("External"), ExternalId: new("Unique:1/2")}), notAllowed(mariaARN, "sts:AssumeRole", *roleARN("External"))},
	})
	w.iam("delete-role", "--role-name", "Short")
	w.iam("create-role", "--role-name", "Short", "--assume-role-policy-document", trust(account, ""))
	check(t, []row{{"a role of the same name is another", identity(t, inRole), badToken}})
}

// The condition keys of who calls, for each kind of caller that may assume roles.
func TestPrincipalKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := *roleARN("service-role/Long")
	for name, c := range map[string]struct {
		by        *awssts.Client
		condition map[string]map[string]string
	}{
		"user":    {w.maria, map[string]map[string]string{"StringEquals": {"aws:PrincipalArn": mariaARN, "aws:username": "maria", "aws:PrincipalType": "User"}, "StringLike": {"aws:userid": "AIDA*"}, "Null": {"aws:TokenIssueTime": "true"}}},
		"own":     {w.own, map[string]map[string]string{"StringEquals": {"aws:PrincipalArn": mariaARN, "aws:username": "maria", "aws:PrincipalType": "User"}, "StringLike": {"aws:userid": "AIDA*"}, "Null": {"aws:TokenIssueTime": "false"}}},
		"session": {w.session, map[string]map[string]string{"StringEquals": {"aws:PrincipalArn": long, "aws:PrincipalType": "AssumedRole"}, "StringLike": {"aws:userid": "AROA*:s1"}, "Null": {"aws:username": "true"}}},
	} {
		t.Run(name, func(t *testing.T) {
			condition, err := json.Marshal(c.condition)
			if err != nil {
				t.Fatal(err)
			}
			w.role("For-"+name, trust(account, string(condition)))
			if got := refusalOf(t, w.asking(c.by, awssts.AssumeRoleInput{RoleArn: roleARN("For-" + name)})()); got != (refusal{}) {
				t.Errorf("answer %+v", got)
			}
		})
	}
}

// A tag of the session stands before the role's own of the same key, whatever its case.
func TestSessionTagsReplaceTheRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.iam("create-role", "--role-name", "Tagged", "--assume-role-policy-document", trust(account, ""), "--tags", "Key=team,Value=core")
	w.iam("put-role-policy", "--role-name", "Tagged", "--policy-name", "inline", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetAccessKeyInfo","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"core"}}}]}`)
	with := func(pairs ...string) func() error {
		session := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Tagged"), Tags: tags(pairs...)}))
		return func() error { return w.info(session) }
	}
	refused := denied("User: arn:aws:sts::" + account + ":assumed-role/Tagged/s1 is not authorized to perform: sts:GetAccessKeyInfo because no identity-based policy allows the sts:GetAccessKeyInfo action")
	check(t, []row{
		{"the role's own", with(), refusal{}},
		{"another key", with("stage", "prod"), refusal{}},
		{"replaced", with("team", "edge"), refused},
		{"replaced in another case", with("Team", "edge"), refused},
	})
}

// What sessions may call of the other services.
func TestSessionsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.device()
	key := w.user("coder", allow("sts:*", "codecommit:*", "iam:*"))
	coder := w.client(key)
	own := func(in awssts.GetSessionTokenInput, by *awssts.Client) aws.Credentials {
		out, err := by.GetSessionToken(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		return from(out.Credentials)
	}
	federated := func(policy *string) aws.Credentials {
		out, err := coder.GetFederationToken(t.Context(), &awssts.GetFederationTokenInput{Name: new("visitor"), Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		return from(out.Credentials)
	}
	w.iam("put-user-policy", "--user-name", "maria", "--policy-name", "iam", "--policy-document", allow("iam:*"))
	proven := own(awssts.GetSessionTokenInput{SerialNumber: new(serial), TokenCode: new(w.code())}, w.maria)
	for _, c := range []struct {
		name    string
		service *wire.Service
		by      aws.Credentials
		call    string
		want    string // the code of the refusal
	}{
		{"own without MFA: IAM", iamwire.Service(), own(awssts.GetSessionTokenInput{}, coder), "list-users", "InvalidClientTokenId"},
		{"own with MFA: IAM", iamwire.Service(), proven, "list-users", ""},
		{"own: CodeCommit", codecommitwire.Service(), own(awssts.GetSessionTokenInput{}, coder), "list-repositories", ""},
		{"federated: IAM", iamwire.Service(), federated(new(allow("*"))), "list-users", "InvalidClientTokenId"},
		{"federated without a policy: CodeCommit", codecommitwire.Service(), federated(nil), "list-repositories", "AccessDeniedException"},
		{"federated with a policy: CodeCommit", codecommitwire.Service(), federated(new(allow("codecommit:*"))), "list-repositories", ""},
		{"federated with a policy for less: CodeCommit", codecommitwire.Service(), federated(new(allow("codecommit:GitPull"))), "list-repositories", "AccessDeniedException"},
		{"a role's: IAM", iamwire.Service(), w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short")}), "list-users", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.command(c.service, c.by, c.call)
			code := ""
			if refused, ok := errors.AsType[*apicall.Error](err); ok {
				code, err = refused.Code, nil
			}
			if err != nil || code != c.want {
				t.Errorf("code %q, %v; want %q", code, err, c.want)
			}
		})
	}
}
