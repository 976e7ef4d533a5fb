package sts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	tooLongForRole = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	tooLongChained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
	duplicateTag   = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	mariaARN       = "arn:aws:iam::" + account + ":user/team/maria"
	guestARN       = "arn:aws:iam::" + account + ":user/team/guest"
)

// asking is a call of AssumeRole; the role is Long where in names none.
func (w *world) asking(by *awssts.Client, in awssts.AssumeRoleInput, life ...time.Duration) func() error {
	if in.RoleArn == nil {
		in.RoleArn = roleARN("service-role/Long")
	}
	if in.RoleSessionName == nil {
		in.RoleSessionName = new("s1")
	}
	return func() error {
		out, err := by.AssumeRole(w.t.Context(), &in)
		if err == nil && len(life) > 0 {
			w.lasts(out.Credentials, life[0])
		}
		return err
	}
}

func TestAssumeRoleDuration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seconds := func(n int32) awssts.AssumeRoleInput { return awssts.AssumeRoleInput{DurationSeconds: new(n)} }
	short := seconds(3601)
	short.RoleArn = roleARN("Short")
	check(t, []row{
		{"under the least", w.asking(w.maria, seconds(899)), constraint("'899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")},
		{"the least", w.asking(w.maria, seconds(900), 15*time.Minute), refusal{}},
		{"the default", w.asking(w.maria, awssts.AssumeRoleInput{}, time.Hour), refusal{}},
		{"the role's longest", w.asking(w.maria, seconds(43200), 12*time.Hour), refusal{}},
		{"over the longest of all", w.asking(w.maria, seconds(43201)), constraint("'43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200")},
		{"over the role's longest", w.asking(w.maria, short), invalid(tooLongForRole)},
		{"chained, the longest", w.asking(w.session, seconds(3600), time.Hour), refusal{}},
		{"chained, the default", w.asking(w.session, awssts.AssumeRoleInput{}, time.Hour), refusal{}},
		{"chained, over an hour", w.asking(w.session, seconds(3601)), invalid(tooLongChained)},
		{"chained, over the role's longest too", w.asking(w.session, short), invalid(tooLongChained)},
		{"with a session of one's own, as with the key", w.asking(w.own, seconds(43200), 12*time.Hour), refusal{}},
	})
}

func TestAssumeRoleCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long, short := *roleARN("service-role/Long"), *roleARN("Short")
	role := func(arn string) awssts.AssumeRoleInput { return awssts.AssumeRoleInput{RoleArn: &arn} }
	absent, case_, pathless := *roleARN("Absent"), *roleARN("short"), *roleARN("Long")
	elsewhere := "arn:aws:iam::777788889999:role/Short"
	const action = "sts:AssumeRole"
	rows := []row{
		{"a user", w.asking(w.maria, role(short)), refusal{}},
		{"a role's session", w.asking(w.session, role(short)), refusal{}},
		{"a user's own session", w.asking(w.own, role(short)), refusal{}},
		{"root", w.asking(w.root, role(short)), denied("Roles may not be assumed by root accounts.")},
		{"a federated user", w.asking(w.federated, role(short)), notAllowed("arn:aws:sts::"+account+":federated-user/visitor", action, short)},
		{"without permission", w.asking(w.guest, role(long)), notAllowed(guestARN, action, long)},
		{"a role that trusts another account", w.asking(w.maria, role(*roleARN("Untrusting"))), notAllowed(mariaARN, action, *roleARN("Untrusting"))},
		{"a role that is absent", w.asking(w.maria, role(absent)), notAllowed(mariaARN, action, absent)},
		{"another case", w.asking(w.maria, role(case_)), notAllowed(mariaARN, action, case_)},
		{"without its path", w.asking(w.maria, role(pathless)), notAllowed(mariaARN, action, pathless)},
		{"an account that is absent", w.asking(w.maria, role(elsewhere)), notAllowed(mariaARN, action, elsewhere)},
		{"unsigned", w.asking(w.client(static("", "", "")), role(short)), unsignedCall},
	}
	for _, bad := range []string{
		"not-an-arn-but-long-enough", "arn:aws:iam::" + account + ":user/maria", "arn:aws:iam::" + account + ":role/", "arn:aws:sts::" + account + ":assumed-role/Short/s1",
		"arn:aws:iam::1111:role/ShortButLong", "arn:aws:iam:us-east-1:" + account + ":role/Short", "arn:aws-cn:iam::" + account + ":role/Short", "arn:aws:iam::" + account + ":role/a b",
	} {
		rows = append(rows, row{"ARN " + bad, w.asking(w.maria, role(bad)), invalid(bad + " is invalid")})
	}
	check(t, rows)
}

func TestExternalID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := *roleARN("External")
	with := func(id *string) func() error {
		return w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: &arn, ExternalId: id})
	}
	refused := notAllowed(mariaARN, "sts:AssumeRole", arn)
	check(t, []row{
		{"the one that is asked for", with(new("Unique:1/2")), refusal{}},
		{"another case", with(new("unique:1/2")), refused},
		{"another", with(new("Unique:1/3")), refused},
		{"none", with(nil), refused},
		{"too short", with(new("U")), constraint("'U' at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2")},
		{"too long", with(new(many(1225, "U"))), constraint("'" + shown(many(1225, "U")) + "' at 'externalId' failed to satisfy constraint: Member must have length less than or equal to 1224")},
		{"a forbidden sign", with(new("a b")), constraint(`'a b' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`)},
		{"the longest, where none is asked for", w.asking(w.maria, awssts.AssumeRoleInput{ExternalId: new(many(1224, "U"))}), refusal{}},
	})
}

func tags(pairs ...string) (out []types.Tag) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

// numbered makes n tags.
func numbered(n int) (out []types.Tag) {
	for i := range n {
		out = append(out, tags(fmt.Sprintf("k%d", i), "v")...)
	}
	return out
}

func TestSessionTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	untagged := strings.Replace(trust(account, ""), `"sts:TagSession",`, "", 1)
	w.role("Untagged", untagged)
	bearing := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short"), Tags: tags("Project", "A", "plain", "1"), TransitiveTagKeys: []string{"Project"}}))
	with := func(by *awssts.Client, transitive []string, in ...types.Tag) func() error {
		return w.asking(by, awssts.AssumeRoleInput{Tags: in, TransitiveTagKeys: transitive})
	}
	check(t, []row{
		{"none", with(w.maria, nil), refusal{}},
		{"fifty", with(w.maria, nil, numbered(50)...), refusal{}},
		{"fifty-one", with(w.maria, nil, numbered(51)...), tooMany("tags", 51)},
		{"the longest key and value", with(w.maria, nil, tags(many(128, "k"), many(256, "v"))...), refusal{}},
		{"an empty value", with(w.maria, nil, tags("k", "")...), refusal{}},
		{"an empty key", with(w.maria, nil, tags("", "v")...), refusal{400, "ValidationError", "2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
			`Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`}},
		{"a key too long", with(w.maria, nil, tags(many(129, "k"), "v")...), constraint("'" + many(129, "k") + "' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128")},
		{"a value too long", with(w.maria, nil, tags("k", many(257, "v"))...), constraint("'" + many(257, "v") + "' at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256")},
		{"a forbidden sign", with(w.maria, nil, tags("k!", "v")...), constraint(`'k!' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+`)},
		{"the same key twice", with(w.maria, nil, tags("k", "1", "k", "2")...), parameter(duplicateTag)},
		{"the same key in another case", with(w.maria, nil, tags("Key", "1", "kEY", "2")...), parameter(duplicateTag)},
		{"a key of AWS's", with(w.maria, nil, tags("aws:team", "core")...), parameter(`Tag keys may not begin with "aws:".`)},
		{"a key of AWS's in another case", with(w.maria, nil, tags("AWS:team", "core")...), parameter(`Tag keys may not begin with "aws:".`)},
		{"a tag of the role's key", with(w.maria, nil, tags("team", "other")...), refusal{}},
		{"transitive", with(w.maria, []string{"k"}, tags("k", "v")...), refusal{}},
		{"transitive without its tag", with(w.maria, []string{"absent"}, tags("k", "v")...), parameter("The specified transitive tag key must be included in the requested tags.")},
		{"replacing an inherited one", with(bearing, nil, tags("project", "B")...), parameter("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")},
		{"replacing one that is not inherited", with(bearing, nil, tags("plain", "2")...), refusal{}},
		{"fifty and an inherited one", with(bearing, nil, numbered(50)...), parameter("A session may have no more than 50 tags, those of the calling session included.")},
		{"a role that may not be tagged", w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Untagged"), Tags: tags("k", "v")}), notAllowed(mariaARN, "sts:TagSession", *roleARN("Untagged"))},
		{"a role that may not be tagged, without tags", w.asking(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Untagged")}), refusal{}},
	})
}

// tooMany is the model's limit on a list of tags.
func tooMany(list string, n int) refusal {
	each := make([]string, n)
	for i := range each {
		each[i] = fmt.Sprintf("Tag(key=k%d, value=v)", i)
	}
	return constraint("'" + shown("["+strings.Join(each, ", ")+"]") + "' at '" + list + "' failed to satisfy constraint: Member must have length less than or equal to 50")
}

func TestSourceIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.role("Sourceless", strings.Replace(trust(account, ""), `,"sts:SetSourceIdentity"`, "", 1))
	in := func(source string) awssts.AssumeRoleInput { return awssts.AssumeRoleInput{SourceIdentity: &source} }
	bearing := w.client(w.assume(w.maria, awssts.AssumeRoleInput{RoleArn: roleARN("Short"), SourceIdentity: new("maria@example.com")}))
	session := "arn:aws:sts::" + account + ":assumed-role/Short/s1"
	sourceless := in("maria")
	sourceless.RoleArn = roleARN("Sourceless")
	check(t, []row{
		{"set", w.asking(w.maria, in("maria")), refusal{}},
		{"too short", w.asking(w.maria, in("m")), constraint("'m' at 'sourceIdentity' failed to satisfy constraint: Member must have length greater than or equal to 2")},
		{"too long", w.asking(w.maria, in(many(65, "m"))), constraint("'" + many(65, "m") + "' at 'sourceIdentity' failed to satisfy constraint: Member must have length less than or equal to 64")},
		{"a forbidden sign", w.asking(w.maria, in("m/n")), constraint(`'m/n' at 'sourceIdentity' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`)},
		{"the same in a chain", w.asking(bearing, in("maria@example.com")), refusal{}},
		{"another in a chain", w.asking(bearing, in("eve@example.com")), notAllowed(session, "sts:SetSourceIdentity", *roleARN("service-role/Long"))},
		{"a role that may not bear one", w.asking(w.maria, sourceless), notAllowed(mariaARN, "sts:SetSourceIdentity", *roleARN("Sourceless"))},
		{"inherited by a role that may not bear one", w.asking(bearing, awssts.AssumeRoleInput{RoleArn: roleARN("Sourceless")}), notAllowed(session, "sts:SetSourceIdentity", *roleARN("Sourceless"))},
	})
	t.Run("sticks", func(t *testing.T) {
		for range 2 {
			out, err := bearing.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: roleARN("service-role/Long"), RoleSessionName: new("s2")})
			if err != nil || out.SourceIdentity == nil || *out.SourceIdentity != "maria@example.com" {
				t.Fatalf("answer %+v, %v", out, err)
			}
			bearing = w.client(from(out.Credentials))
		}
	})
	t.Run("absent from the answer where none is set", func(t *testing.T) {
		out, err := w.maria.AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: roleARN("Short"), RoleSessionName: new("s1")})
		if err != nil || out.SourceIdentity != nil {
			t.Errorf("answer %+v, %v", out, err)
		}
	})
}

func TestMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.device()
	const wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
	const unknown = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
	const both = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
	proven := *roleARN("Proven")
	role := func(by *awssts.Client, serial, code *string) func() error {
		return w.asking(by, awssts.AssumeRoleInput{RoleArn: &proven, SerialNumber: serial, TokenCode: code})
	}
	session := func(by *awssts.Client, serial, code *string) func() error {
		return func() error {
			_, err := by.GetSessionToken(t.Context(), &awssts.GetSessionTokenInput{SerialNumber: serial, TokenCode: code})
			return err
		}
	}
	used := w.code()
	check(t, []row{
		{"a role that asks for it, without", role(w.maria, nil, nil), notAllowed(mariaARN, "sts:AssumeRole", proven)},
		{"a role, with a code", role(w.maria, new(serial), &used), refusal{}},
		{"a role, with the same code again", role(w.maria, new(serial), &used), denied(wrong)},
		{"a session, with the same code again", session(w.maria, new(serial), &used), denied(wrong)},
		{"a session, without", session(w.maria, nil, nil), refusal{}},
	})
	check(t, []row{
		{"a session, with a code", session(w.maria, new(serial), new(w.code())), refusal{}},
		{"a role, only the serial number", role(w.maria, new(serial), nil), denied(both)},
		{"a session, only the code", session(w.maria, nil, new("123456")), denied(both)},
		{"a device that is absent", role(w.maria, new(serial+"2"), new("123456")), denied(unknown)},
		{"a session, somebody else's device", session(w.guest, new(serial), new("123456")), denied(unknown)},
		{"a role's session has no device", role(w.session, new(serial), new("123456")), denied(unknown)},
		{"a code of five digits", role(w.maria, new(serial), new("12345")), constraint("at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6")},
		{"a code of letters", session(w.maria, new(serial), new("abcdef")), constraint(`at 'tokenCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [\d]*`)},
		{"a serial number too short", session(w.maria, new("GAHT1234"), new("123456")), constraint("'GAHT1234' at 'serialNumber' failed to satisfy constraint: Member must have length greater than or equal to 9")},
	})
	t.Run("a session of GetSessionToken carries it, a role's does not", func(t *testing.T) {
		out, err := w.maria.GetSessionToken(t.Context(), &awssts.GetSessionTokenInput{SerialNumber: new(serial), TokenCode: new(w.code())})
		if err != nil {
			t.Fatal(err)
		}
		own := w.client(from(out.Credentials))
		inRole := w.client(w.assume(own, awssts.AssumeRoleInput{RoleArn: &proven}))
		if got := refusalOf(t, role(inRole, nil, nil)()); got != notAllowed("arn:aws:sts::"+account+":assumed-role/Proven/s1", "sts:AssumeRole", proven) {
			t.Errorf("the role's session: %+v", got)
		}
	})
}
