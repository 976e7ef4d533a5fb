package sts

import (
	"testing"
	"time"

	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func (w *world) sessionToken(by *awssts.Client, seconds *int32, life ...time.Duration) func() error {
	return func() error {
		out, err := by.GetSessionToken(w.t.Context(), &awssts.GetSessionTokenInput{DurationSeconds: seconds})
		if err == nil && len(life) > 0 {
			w.lasts(out.Credentials, life[0])
		}
		return err
	}
}

func (w *world) federationToken(by *awssts.Client, in awssts.GetFederationTokenInput, life ...time.Duration) func() error {
	if in.Name == nil {
		in.Name = new("visitor")
	}
	return func() error {
		out, err := by.GetFederationToken(w.t.Context(), &in)
		if err == nil && len(life) > 0 {
			w.lasts(out.Credentials, life[0])
		}
		return err
	}
}

const (
	day        = 24 * time.Hour
	underLeast = "'899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
	overMost   = "'129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600"
)

func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(by *awssts.Client, seconds int32, life ...time.Duration) func() error {
		return w.sessionToken(by, new(seconds), life...)
	}
	const refused = "Cannot call GetSessionToken with session credentials"
	check(t, []row{
		{"a user, under the least", with(w.maria, 899), constraint(underLeast)},
		{"a user, the least", with(w.maria, 900, 15*time.Minute), refusal{}},
		{"a user, the default", w.sessionToken(w.maria, nil, 12*time.Hour), refusal{}},
		{"a user, the longest", with(w.maria, 129600, 36*time.Hour), refusal{}},
		{"a user, over the longest", with(w.maria, 129601), constraint(overMost)},
		{"a user without permission", w.sessionToken(w.guest, nil), refusal{}},
		{"root, the least", with(w.root, 900, 15*time.Minute), refusal{}},
		{"root, the default", w.sessionToken(w.root, nil, time.Hour), refusal{}},
		{"root, more than an hour", with(w.root, 129600, time.Hour), refusal{}},
		{"a role's session", w.sessionToken(w.session, nil), denied(refused)},
		{"a user's own session", w.sessionToken(w.own, nil), denied(refused)},
		{"a federated user", w.sessionToken(w.federated, nil), denied(refused)},
		{"unsigned", w.sessionToken(w.client(static("", "", "")), nil), unsignedCall},
	})
}

func TestGetFederationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(by *awssts.Client, seconds int32, life ...time.Duration) func() error {
		return w.federationToken(by, awssts.GetFederationTokenInput{DurationSeconds: new(seconds)}, life...)
	}
	none := awssts.GetFederationTokenInput{}
	name := func(name string) func() error {
		return w.federationToken(w.maria, awssts.GetFederationTokenInput{Name: &name})
	}
	tagged := func(in ...types.Tag) func() error {
		return w.federationToken(w.maria, awssts.GetFederationTokenInput{Tags: in})
	}
	const refused = "Cannot call GetFederationToken with session credentials"
	visitor := "arn:aws:sts::" + account + ":federated-user/visitor"
	check(t, []row{
		{"a user, under the least", with(w.maria, 899), constraint(underLeast)},
		{"a user, the least", with(w.maria, 900, 15*time.Minute), refusal{}},
		{"a user, the default", w.federationToken(w.maria, none, 12*time.Hour), refusal{}},
		{"a user, the longest", with(w.maria, 129600, 36*time.Hour), refusal{}},
		{"a user, over the longest", with(w.maria, 129601), constraint(overMost)},
		{"root, the default", w.federationToken(w.root, none, time.Hour), refusal{}},
		{"root, more than an hour", with(w.root, 43200, time.Hour), refusal{}},
		{"a user without permission", w.federationToken(w.guest, none), notAllowed(guestARN, "sts:GetFederationToken", visitor+" because no identity-based policy allows the sts:GetFederationToken action")},
		{"a role's session", w.federationToken(w.session, none), denied(refused)},
		{"a user's own session", w.federationToken(w.own, none), denied(refused)},
		{"a federated user", w.federationToken(w.federated, none), denied(refused)},
		{"unsigned", w.federationToken(w.client(static("", "", "")), none), unsignedCall},
		{"a name of one letter", name("v"), constraint("'v' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2")},
		{"the longest name", name(many(32, "v")), refusal{}},
		{"a name too long", name(many(33, "v")), constraint("'" + many(33, "v") + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 32")},
		{"a name with a space", name("a visitor"), constraint(`'a visitor' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`)},
		{"tags", tagged(tags("team", "core")...), refusal{}},
		{"a tag twice", tagged(tags("team", "core", "Team", "edge")...), parameter(duplicateTag)},
		{"a tag of AWS's", tagged(tags("aws:x", "y")...), parameter(`Tag keys may not begin with "aws:".`)},
		{"fifty-one tags", tagged(numbered(51)...), tooMany("tags", 51)},
		{"a policy that is none", w.federationToken(w.maria, awssts.GetFederationTokenInput{Policy: new("{}")}), refusal{400, "MalformedPolicyDocument", "Syntax errors in policy."}},
	})
	t.Run("PackedPolicySize is always told", func(t *testing.T) {
		out, err := w.maria.GetFederationToken(t.Context(), &awssts.GetFederationTokenInput{Name: new("visitor")})
		if err != nil || out.PackedPolicySize == nil || *out.FederatedUser.Arn != visitor || *out.FederatedUser.FederatedUserId != account+":visitor" {
			t.Errorf("answer %+v, %v", out, err)
		}
	})
}

// What sessions may not call, whatever their policies say.
func TestSessionsLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info := func(by *awssts.Client) func() error {
		return func() error {
			_, err := by.GetAccessKeyInfo(t.Context(), &awssts.GetAccessKeyInfoInput{AccessKeyId: &w.mariaKey.AccessKeyID})
			return err
		}
	}
	decode := func(by *awssts.Client) func() error {
		return func() error {
			_, err := by.DecodeAuthorizationMessage(t.Context(), &awssts.DecodeAuthorizationMessageInput{EncodedMessage: new("nonsense")})
			return err
		}
	}
	noMessage := refusal{400, "InvalidAuthorizationMessageException", "The encoded authorization message is not valid."}
	check(t, []row{
		{"own: GetAccessKeyInfo", info(w.own), denied("Cannot call GetAccessKeyInfo with session credentials")},
		{"own: DecodeAuthorizationMessage", decode(w.own), denied("Cannot call DecodeAuthorizationMessage with session credentials")},
		{"federated: GetAccessKeyInfo", info(w.federated), denied("Cannot call GetAccessKeyInfo with session credentials")},
		{"federated: DecodeAuthorizationMessage", decode(w.federated), denied("Cannot call DecodeAuthorizationMessage with session credentials")},
		{"a role's: GetAccessKeyInfo", info(w.session), refusal{}},
		{"a role's: DecodeAuthorizationMessage", decode(w.session), noMessage},
		{"a user: GetAccessKeyInfo", info(w.maria), refusal{}},
		{"a user: DecodeAuthorizationMessage", decode(w.maria), noMessage},
		{"no permission: GetAccessKeyInfo", info(w.guest), denied("User: " + guestARN + " is not authorized to perform: sts:GetAccessKeyInfo because no identity-based policy allows the sts:GetAccessKeyInfo action")},
		{"no permission: DecodeAuthorizationMessage", decode(w.guest), denied("User: " + guestARN + " is not authorized to perform: sts:DecodeAuthorizationMessage because no identity-based policy allows the sts:DecodeAuthorizationMessage action")},
	})
}
