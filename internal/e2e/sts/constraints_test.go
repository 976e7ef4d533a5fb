package sts

import (
	"testing"

	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// Violations are told together, in the order of the model's members.
func TestConstraints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := func(s string) func() error { return w.asking(w.maria, awssts.AssumeRoleInput{RoleSessionName: &s}) }
	const length, pattern = " at 'roleSessionName' failed to satisfy constraint: Member must have length ", ` at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`
	check(t, []row{
		{"a session name of one letter", name("m"), constraint("'m'" + length + "greater than or equal to 2")},
		{"the shortest", name("mm"), refusal{}},
		{"the longest", name(many(64, "m")), refusal{}},
		{"too long", name(many(65, "m")), constraint("'" + many(65, "m") + "'" + length + "less than or equal to 64")},
		{"a space", name("Maria Garcia"), constraint("'Maria Garcia'" + pattern)},
		{"a slash", name("a/b"), constraint("'a/b'" + pattern)},
		{"a letter that is not ASCII", name("Mária"), constraint("'Mária'" + pattern)},
		{"two of one member", name("/"), invalid("2 validation errors detected: Value '/'" + length + "greater than or equal to 2; Value '/'" + pattern)},
		{"of three members", w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: new("short"), RoleSessionName: new("a b"), DurationSeconds: new(int32(1))}),
			invalid("3 validation errors detected: Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; " +
				"Value 'a b'" + pattern + "; Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")},
		{"an ARN too long", w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: new(many(2049, "a"))}),
			constraint("'" + shown(many(2049, "a")) + "' at 'roleArn' failed to satisfy constraint: Member must have length less than or equal to 2048")},
		{"within lists", w.asking(w.maria, awssts.AssumeRoleInput{PolicyArns: arns("arn"), Tags: tags("ok", "v", "k!", "v")}),
			invalid("2 validation errors detected: Value 'arn' at 'policyArns.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 20; " +
				`Value 'k!' at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)},
		{"ProvidedContexts", w.asking(w.maria, awssts.AssumeRoleInput{ProvidedContexts: []types.ProvidedContext{{ProviderArn: new("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: new("abcd")}}}),
			parameter("ProvidedContexts is not supported.")},
	})
}
