package sts

import (
	"fmt"
	"regexp"
	"testing"

	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func arns(list ...string) (out []types.PolicyDescriptorType) {
	for i := range list {
		out = append(out, types.PolicyDescriptorType{Arn: &list[i]})
	}
	return out
}

// padded is a policy of n characters.
func padded(n int) string {
	text := allow("s3:GetObject")
	return text[:1] + many(n-len(text), " ") + text[1:]
}

func TestSessionPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const readOnly = "arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"
	own := "arn:aws:iam::" + account + ":policy/team/Own"
	w.iam("create-policy", "--policy-name", "Own", "--path", "/team/", "--policy-document", allow("codecommit:GitPull"))
	var ten []string
	for i := range 11 {
		name := fmt.Sprintf("P%d", i)
		w.iam("create-policy", "--policy-name", name, "--policy-document", allow("codecommit:GitPull"))
		ten = append(ten, "arn:aws:iam::"+account+":policy/"+name)
	}
	inline := func(text string) func() error { return w.asking(w.maria, awssts.AssumeRoleInput{Policy: &text}) }
	managed := func(list ...string) func() error {
		return w.asking(w.maria, awssts.AssumeRoleInput{PolicyArns: arns(list...)})
	}
	absent, foreign := "arn:aws:iam::"+account+":policy/Absent", "arn:aws:iam::"+other+":policy/Own"
	const tooLarge = "PackedPolicyTooLarge"
	check(t, []row{
		{"inline", inline(allow("s3:GetObject")), refusal{}},
		{"inline, the longest", inline(padded(2048)), refusal{}},
		{"inline, too long", inline(padded(2049)), refusal{400, tooLarge, "The session policies have 2049 characters together; 2048 are allowed."}},
		{"inline, empty", inline(""), refusal{400, "ValidationError", "2 validation errors detected: Value '' at 'policy' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
			`Value '' at 'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`}},
		{"inline, no JSON", inline("allow all"), refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."}},
		{"inline, with a principal", inline(trust(account, "")), refusal{400, "MalformedPolicyDocument", "Policy document should not specify a principal."}},
		{"managed, one's own and AWS's", managed(own, readOnly), refusal{}},
		{"managed, ten", managed(ten[:10]...), refusal{}},
		{"managed, eleven", managed(ten...), invalid("A session may have no more than 10 managed policies.")},
		{"managed, absent", managed(absent), invalid("Policy " + absent + " does not exist.")},
		{"managed, of another account", managed(foreign), invalid(foreign + " is invalid")},
		{"managed, no policy", managed("arn:aws:iam::" + account + ":role/Short"), invalid("arn:aws:iam::" + account + ":role/Short is invalid")},
		{"managed, no ARN", managed("not-an-arn-but-long-enough"), invalid("not-an-arn-but-long-enough is invalid")},
		{"managed, too short", managed("arn:aws:iam"), constraint("'arn:aws:iam' at 'policyArns.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 20")},
		{"both, too long together", w.asking(w.maria, awssts.AssumeRoleInput{Policy: new(padded(2048)), PolicyArns: arns(readOnly)}),
			refusal{400, tooLarge, fmt.Sprintf("The session policies have %d characters together; 2048 are allowed.", 2048+len(readOnly))}},
		{"of another account's role, permission first", w.asking(w.guest, awssts.AssumeRoleInput{Policy: new("{")}), notAllowed(guestARN, "sts:AssumeRole", *roleARN("service-role/Long"))},
	})
	t.Run("over what a token holds", func(t *testing.T) {
		got := refusalOf(t, w.asking(w.maria, awssts.AssumeRoleInput{Tags: incompressible(50)})())
		if got.status != 400 || got.code != tooLarge || !regexp.MustCompile(`^Packed policy consumes [0-9]{3}% of allotted space, please use smaller policy\.$`).MatchString(got.text) {
			t.Errorf("answer %+v", got)
		}
	})
	for name, c := range map[string]struct {
		in   awssts.AssumeRoleInput
		want bool
	}{
		"nothing":  {},
		"inline":   {awssts.AssumeRoleInput{Policy: new(allow("s3:GetObject"))}, true},
		"managed":  {awssts.AssumeRoleInput{PolicyArns: arns(own)}, true},
		"tags":     {awssts.AssumeRoleInput{Tags: tags("team", "core")}, true},
		"a source": {awssts.AssumeRoleInput{SourceIdentity: new("maria")}, false},
	} {
		t.Run("PackedPolicySize with "+name, func(t *testing.T) {
			c.in.RoleArn, c.in.RoleSessionName = roleARN("Short"), new("s1")
			out, err := w.maria.AssumeRole(t.Context(), &c.in)
			if err != nil || (out.PackedPolicySize != nil) != c.want || c.want && (*out.PackedPolicySize < 1 || *out.PackedPolicySize > 100) {
				t.Errorf("answer %+v, %v", out, err)
			}
		})
	}
}

// What newer SDKs ask for is passed over.
func TestTokenSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.maria.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: roleARN("Short"), RoleSessionName: new("s1"), MinimumSessionTokenSize: new(int32(4096))})
	if err != nil || out.SessionTokenSize != nil || out.SessionTokenUtilization != nil {
		t.Errorf("answer %+v, %v", out, err)
	}
}

// A session policy limits; it gives nothing.
func TestSessionPolicyLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limited := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("service-role/Long"), Policy: new(allow("sts:GetAccessKeyInfo"))}))
	long := "arn:aws:sts::" + account + ":assumed-role/Long/s1"
	check(t, []row{
		{"what it allows", func() error {
			_, err := limited.GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &w.mariaKey.AccessKeyID})
			return err
		}, refusal{}},
		{"what it does not allow", w.asking(limited, awssts.AssumeRoleInput{RoleArn: roleARN("Short")}), notAllowed(long, "sts:AssumeRole", *roleARN("Short"))},
	})
}

// incompressible makes n tags that do not become shorter.
func incompressible(n int) (out []types.Tag) {
	state := uint64(1)
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			state = state*6364136223846793005 + 1442695040888963407
			b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[state>>58]
		}
		return string(b)
	}
	for range n {
		out = append(out, tags(text(128), text(256))...)
	}
	return out
}
