package sts

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
)

// Every kind of caller is told who it is, in AWS's forms, a Deny or not.
func TestIdentityForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sts := "arn:aws:sts::" + account
	instance := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("service-role/Long"), RoleSessionName: new("i-0123456789abcdef0")}))
	for _, c := range []struct {
		name    string
		by      *awssts.Client
		arn, id string // id is a pattern
	}{
		{name: "root", by: w.root, arn: "arn:aws:iam::" + account + ":root", id: account},
		{name: "user", by: w.maria, arn: mariaARN, id: "AIDA[A-Z2-7]{16,17}"},
		{name: "user under a Deny", by: w.guest, arn: guestARN, id: "AIDA[A-Z2-7]{16,17}"},
		{name: "user's own session", by: w.own, arn: mariaARN, id: "AIDA[A-Z2-7]{16,17}"},
		{name: "role session, without the role's path", by: w.session, arn: sts + ":assumed-role/Long/s1", id: "AROA[A-Z2-7]{16,17}:s1"},
		{name: "federated user", by: w.federated, arn: sts + ":federated-user/visitor", id: account + ":visitor"},
		{name: "instance", by: instance, arn: sts + ":assumed-role/Long/i-0123456789abcdef0", id: "AROA[A-Z2-7]{16,17}:i-0123456789abcdef0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := c.by.GetCallerIdentity(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if *out.Arn != c.arn || *out.Account != account || !regexp.MustCompile("^(?:"+c.id+")$").MatchString(*out.UserId) {
				t.Errorf("Arn %s, Account %s, UserId %s", *out.Arn, *out.Account, *out.UserId)
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		_, err := w.client(static("", "", "")).GetCallerIdentity(t.Context(), nil)
		if got := refusalOf(t, err); got != unsignedCall {
			t.Errorf("answer %+v", got)
		}
	})
}

// The answers' identities and credentials have AWS's forms.
func TestAssumedRoleForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.maria.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: roleARN("service-role/Long"), RoleSessionName: new("m=a+b,c.d@e-f_g")})
	if err != nil {
		t.Fatal(err)
	}
	for form, got := range map[string]string{
		`AROA[A-Z2-7]{16,17}:m=a\+b,c\.d@e-f_g`:                            *out.AssumedRoleUser.AssumedRoleId,
		`arn:aws:sts::` + account + `:assumed-role/Long/m=a\+b,c\.d@e-f_g`: *out.AssumedRoleUser.Arn,
		`ASIA[A-Z2-7]{16}`:    *out.Credentials.AccessKeyId,
		`[A-Za-z0-9+/]{40}`:   *out.Credentials.SecretAccessKey,
		`[!-~]{16,999}`:       *out.Credentials.SessionToken,
		`AKIA[A-Z2-7]{16}`:    w.mariaKey.AccessKeyID,
		`[A-Za-z0-9+/]{40}()`: w.mariaKey.SecretAccessKey,
	} {
		if !regexp.MustCompile("^(?:" + form + ")$").MatchString(got) {
			t.Errorf("%q is not of the form %s", got, form)
		}
	}
	if out.PackedPolicySize != nil {
		t.Errorf("PackedPolicySize %d without policies and tags", *out.PackedPolicySize)
	}
}

func TestGetAccessKeyInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info := func(id string) func() error {
		return func() error {
			_, err := w.maria.GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &id})
			return err
		}
	}
	check(t, []row{
		{"too short", info("AKIA2"), constraint("'AKIA2' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16")},
		{"too long", info(many(129, "A")), constraint("'" + many(129, "A") + "' at 'accessKeyId' failed to satisfy constraint: Member must have length less than or equal to 128")},
		{"a forbidden sign", info("AKIA-IOSFODNN7EXAMPLE"), constraint(`'AKIA-IOSFODNN7EXAMPLE' at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]*`)},
		{"no access key's id", info("BKIAIOSFODNN7EXAMPLE"), invalid("BKIAIOSFODNN7EXAMPLE is not an access key id that holds its account")},
	})
	for _, c := range []*awssts.Client{w.maria, w.session, w.root} {
		out, err := c.GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &w.mariaKey.AccessKeyID})
		if err != nil || *out.Account != account {
			t.Errorf("answer %+v, %v", out, err)
		}
	}
}

func TestDecodeAuthorizationMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.guest.GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &w.mariaKey.AccessKeyID})
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || answer.HTTPStatusCode() != http.StatusForbidden {
		t.Fatal(err)
	}
	encoded := answer.HTTPResponse().Header.Get("X-Sojourn-Authorization-Message")
	out, err := w.maria.DecodeAuthorizationMessage(t.Context(), &awssts.DecodeAuthorizationMessageInput{EncodedMessage: &encoded})
	if err != nil || !strings.Contains(*out.DecodedMessage, `"allowed":false`) || !strings.Contains(*out.DecodedMessage, guestARN) {
		t.Fatalf("answer %+v, %v", out, err)
	}
	otherRoot := w.Root(other)
	stranger := w.client(static(otherRoot.AccessKeyID, otherRoot.Secret.Reveal(), otherRoot.Token))
	decode := func(by *awssts.Client, text string) func() error {
		return func() error {
			_, err := by.DecodeAuthorizationMessage(t.Context(), &awssts.DecodeAuthorizationMessageInput{EncodedMessage: &text})
			return err
		}
	}
	damaged := refusal{400, "InvalidAuthorizationMessageException", "The encoded authorization message is not valid."}
	check(t, []row{
		{"another account", decode(stranger, encoded), damaged},
		{"damaged", decode(w.maria, damage(encoded)), damaged},
		{"not encoded", decode(w.maria, "what is this"), damaged},
		{"empty", decode(w.maria, ""), constraint("'' at 'encodedMessage' failed to satisfy constraint: Member must have length greater than or equal to 1")},
		{"too long", decode(w.maria, many(10241, "A")), constraint("'" + shown(many(10241, "A")) + "' at 'encodedMessage' failed to satisfy constraint: Member must have length less than or equal to 10240")},
	})
}
