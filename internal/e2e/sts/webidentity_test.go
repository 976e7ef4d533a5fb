package sts

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"sojourn/internal/devidp"
)

const subject = "maria@example.com"

func trustWeb(p *devidp.Provider, actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + account + `:oidc-provider/` + p.Host() + `"},
		"Action":[` + actions + `],"Condition":{"StringEquals":{"` + p.Host() + `:aud":"sojourn","` + p.Host() + `:sub":"` + subject + `"}}}]}`
}

// web is a world with a provider and roles that trust it.
type web struct {
	*world
	idp    *devidp.Provider
	nobody *awssts.Client
}

func newWeb(t *testing.T) *web {
	p, w := provider(t)
	w.role("Web", trustWeb(p, `"sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"`))
	w.role("WebLong", trustWeb(p, `"sts:AssumeRoleWithWebIdentity"`), "--max-session-duration", "43200")
	return &web{w, p, w.client(static("", "", ""))}
}

func (w *web) token(more map[string]any) string {
	w.t.Helper()
	token, err := w.idp.Token(subject, "sojourn", time.Hour, more)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// in is an input; edits change what is usual.
func (w *web) in(edits ...func(*awssts.AssumeRoleWithWebIdentityInput)) *awssts.AssumeRoleWithWebIdentityInput {
	in := &awssts.AssumeRoleWithWebIdentityInput{RoleArn: roleARN("Web"), RoleSessionName: new("s1"), WebIdentityToken: new(w.token(nil))}
	for _, e := range edits {
		e(in)
	}
	return in
}

func (w *web) asking(by *awssts.Client, life time.Duration, edits ...func(*awssts.AssumeRoleWithWebIdentityInput)) func() error {
	in := w.in(edits...)
	return func() error {
		out, err := by.AssumeRoleWithWebIdentity(w.t.Context(), in)
		if err == nil && life > 0 {
			w.lasts(out.Credentials, life)
		}
		return err
	}
}

func bearing(token string) func(*awssts.AssumeRoleWithWebIdentityInput) {
	return func(in *awssts.AssumeRoleWithWebIdentityInput) { in.WebIdentityToken = &token }
}

func role(name string) func(*awssts.AssumeRoleWithWebIdentityInput) {
	return func(in *awssts.AssumeRoleWithWebIdentityInput) { in.RoleArn = roleARN(name) }
}

func seconds(n int32) func(*awssts.AssumeRoleWithWebIdentityInput) {
	return func(in *awssts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = &n }
}

func TestWebIdentity(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	refused := denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	wrong := static("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")
	check(t, []row{
		{"unsigned", w.asking(w.nobody, time.Hour), refusal{}},
		{"signed by a user", w.asking(w.maria, time.Hour), refusal{}},
		{"signed with an unknown key", w.asking(w.client(wrong), time.Hour), refusal{}},
		{"signed by a role's session, which is no chain", w.asking(w.session, 12*time.Hour, role("WebLong"), seconds(43200)), refusal{}},
		{"under the least", w.asking(w.nobody, 0, seconds(899)), constraint(underLeast)},
		{"the least", w.asking(w.nobody, 15*time.Minute, seconds(900)), refusal{}},
		{"over the role's longest", w.asking(w.nobody, 0, seconds(3601)), invalid(tooLongForRole)},
		{"over the longest of all", w.asking(w.nobody, 0, role("WebLong"), seconds(43201)), constraint("'43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200")},
		{"a role that is absent", w.asking(w.nobody, 0, role("Absent")), refused},
		{"a role that does not trust the provider", w.asking(w.nobody, 0, role("Short")), refused},
		{"no role's ARN", w.asking(w.nobody, 0, role("")), invalid(*roleARN("") + " is invalid")},
		{"ProviderId of a provider that is off", w.asking(w.nobody, 0, func(in *awssts.AssumeRoleWithWebIdentityInput) { in.ProviderId = new("www.amazon.com") }),
			parameter("Access tokens of www.amazon.com are turned off on this server.")},
		{"a token too short", w.asking(w.nobody, 0, bearing("abc")), refusal{400, "ValidationError", "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4"}},
		{"a token too long", w.asking(w.nobody, 0, bearing(many(20001, "a"))), refusal{400, "ValidationError", "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000"}},
	})
}

func TestWebIdentityTokens(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	code := func(token string) func() error { return w.asking(w.nobody, 0, bearing(token)) }
	claims := func(key string, value any) func() error { return code(w.token(map[string]any{key: value})) }
	now, genuine := w.Now(), w.token(nil)
	signed := strings.LastIndexByte(genuine, '.')
	mark := func(tags map[string][]string, transitive ...string) func() error {
		return claims("https://aws.amazon.com/tags", map[string]any{"principal_tags": tags, "transitive_tag_keys": transitive})
	}
	token, rejected := refusal{400, "InvalidIdentityToken", ""}, refusal{403, "IDPRejectedClaim", ""}
	refused := refusal{403, "AccessDenied", ""}
	for _, r := range []row{
		{"no token at all", code("nonsense"), token},
		{"a signature that is damaged", code(genuine[:signed+1] + damage(genuine[signed+1:])), token},
		{"without a signature", code(genuine[:signed+1]), token},
		{"of an issuer that is not registered", claims("iss", "https://idp.example.com"), token},
		{"for another audience", claims("aud", "someone-else"), token},
		{"not yet valid", claims("nbf", now.Add(time.Hour).Unix()), token},
		{"from the future", claims("iat", now.Add(time.Hour).Unix()), token},
		{"expired", claims("exp", now.Add(-2*time.Minute).Unix()), refusal{400, "ExpiredTokenException", ""}},
		{"of two days", claims("exp", now.Add(2*day).Unix()), rejected},
		{"of somebody whom the role does not trust", claims("sub", "eve@example.com"), refused},
		{"with tags", mark(map[string][]string{"Project": {"A"}}, "Project"), refusal{}},
		{"with a tag of AWS's", mark(map[string][]string{"aws:x": {"A"}}), rejected},
		{"with a tag twice", mark(map[string][]string{"x": {"A"}, "X": {"B"}}), rejected},
		{"with a transitive key that is no tag", mark(map[string][]string{"x": {"A"}}, "y"), rejected},
		{"with a source identity", claims("https://aws.amazon.com/source_identity", "maria"), refusal{}},
		{"with a source identity of AWS's", claims("https://aws.amazon.com/source_identity", "aws:maria"), rejected},
	} {
		t.Run(r.name, func(t *testing.T) {
			got := refusalOf(t, r.call())
			if r.want.code != "" && got.text == "" {
				t.Error("the refusal has no text")
			}
			if got.text = ""; got != r.want {
				t.Errorf("answer %+v, want %+v", got, r.want)
			}
		})
	}
}

func TestWebIdentityAnswer(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	out, err := w.nobody.AssumeRoleWithWebIdentity(t.Context(), w.in(bearing(w.token(map[string]any{"https://aws.amazon.com/source_identity": "maria"}))))
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]*string{
		subject: out.SubjectFromWebIdentityToken, "sojourn": out.Audience, "maria": out.SourceIdentity,
		"arn:aws:iam::" + account + ":oidc-provider/" + w.idp.Host(): out.Provider,
		"arn:aws:sts::" + account + ":assumed-role/Web/s1":           out.AssumedRoleUser.Arn,
	} {
		if got == nil || *got != want {
			t.Errorf("%v, want %q", got, want)
		}
	}
	if out.PackedPolicySize != nil {
		t.Errorf("PackedPolicySize %d without policies and tags", *out.PackedPolicySize)
	}
	session := w.client(from(out.Credentials))
	check(t, []row{
		{"its session is a role's", w.sessionToken(session, nil), denied("Cannot call GetSessionToken with session credentials")},
		{"the next role is a chained one", w.world.asking(session, awssts.AssumeRoleInput{DurationSeconds: new(int32(3601))}), invalid(tooLongChained)},
	})
}

// tokenFile is what AWS_WEB_IDENTITY_TOKEN_FILE would name.
type tokenFile string

func (f tokenFile) GetIdentityToken() ([]byte, error) { return []byte(f), nil }

// The SDK's own providers, as a program's configuration makes them.
func TestSDKProviders(t *testing.T) {
	t.Parallel()
	w := newWeb(t)
	for name, p := range map[string]aws.CredentialsProvider{
		"WebIdentityRole": stscreds.NewWebIdentityRoleProvider(w.nobody, *roleARN("Web"), tokenFile(w.token(nil))),
		"AssumeRole": stscreds.NewAssumeRoleProvider(w.maria, *roleARN("External"), func(o *stscreds.AssumeRoleOptions) {
			o.ExternalID, o.Tags, o.TransitiveTagKeys = new("Unique:1/2"), tags("k", "v"), []string{"k"}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			cred, err := p.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.client(cred).GetCallerIdentity(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
}
