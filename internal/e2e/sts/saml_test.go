package sts

import (
	"crypto/sha1" //nolint:gosec // the NameQualifier's documented formula
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"sojourn/internal/federation/saml/samltest"
)

const (
	company  = "arn:aws:iam::" + account + ":saml-provider/Company"
	entityID = "https://idp.example.com/saml"
)

// directory is a world with a SAML provider and roles that trust it.
type directory struct {
	*world
	idp    *samltest.IdP
	nobody *awssts.Client
	time   time.Time // of its responses
	ids    int
}

func newDirectory(t *testing.T) *directory {
	w := newWorld(t)
	d := &directory{world: w, idp: samltest.New(entityID, w.Now()), nobody: w.client(static("", "", "")), time: w.Now()}
	w.iam("create-saml-provider", "--name", "Company", "--saml-metadata-document", d.idp.Metadata())
	trust := func(actions string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + company + `"},"Action":[` + actions +
			`],"Condition":{"StringEquals":{"SAML:aud":"` + d.recipient() + `"}}}]}`
	}
	w.role("SAML", trust(`"sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"`))
	w.role("SAMLLong", trust(`"sts:AssumeRoleWithSAML"`), "--max-session-duration", "43200")
	return d
}

func (d *directory) recipient() string { return d.URL + "/saml" }

func attribute(name string, values ...string) samltest.Attribute {
	return samltest.Attribute{Name: name, Values: values}
}

// usual are the attributes of somebody who is offered the roles.
func usual(more ...samltest.Attribute) []samltest.Attribute {
	return append(more, attribute(samltest.RoleSessionName, "maria"),
		attribute(samltest.Role, *roleARN("SAML")+","+company, company+","+*roleARN("SAMLLong"), *roleARN("Short")+","+company))
}

// response is a signed one, never the same twice; edits are pairs of texts that are replaced before.
func (d *directory) response(list []samltest.Attribute, edits ...string) string {
	d.ids++
	id := strconv.Itoa(d.ids)
	f := samltest.Fields{Now: d.time, ResponseID: "_r" + id, AssertionID: "_a" + id, Subject: subject, Recipient: d.recipient(), Audience: d.recipient(), Attributes: list}
	text := strings.NewReplacer(edits...).Replace(samltest.Standalone(d.idp.Response(f)))
	return samltest.Encode(d.idp.Sign(text, samltest.Signing{Target: f.AssertionID}))
}

// asking exchanges a response for a session of a role.
func (d *directory) asking(by *awssts.Client, role, response string, seconds int32, life ...time.Duration) func() error {
	in := &awssts.AssumeRoleWithSAMLInput{RoleArn: roleARN(role), PrincipalArn: new(company), SAMLAssertion: &response}
	if seconds > 0 {
		in.DurationSeconds = &seconds
	}
	return func() error {
		out, err := by.AssumeRoleWithSAML(d.t.Context(), in)
		if err == nil && len(life) > 0 {
			d.lasts(out.Credentials, life[0])
		}
		return err
	}
}

func TestSAML(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	at := func(after time.Duration) string { return d.time.Add(after).UTC().Format("2006-01-02T15:04:05Z") }
	plain := func(role string, seconds int32, life ...time.Duration) func() error {
		return d.asking(d.nobody, role, d.response(usual()), seconds, life...)
	}
	with := func(list []samltest.Attribute, edits ...string) func() error {
		return d.asking(d.nobody, "SAML", d.response(list, edits...), 0)
	}
	provider := func(arn string) func() error {
		in := &awssts.AssumeRoleWithSAMLInput{RoleArn: roleARN("SAML"), PrincipalArn: &arn, SAMLAssertion: new(d.response(usual()))}
		return func() error {
			_, err := d.nobody.AssumeRoleWithSAML(t.Context(), in)
			return err
		}
	}
	token := func(text string) refusal { return refusal{400, "InvalidIdentityToken", text} }
	claim := func(text string) refusal { return refusal{403, "IDPRejectedClaim", text} }
	const noPair = "SAML Assertion doesn't contain the requested Role and Metadata in the attributes"
	hours := attribute(samltest.SessionDuration, "7200")
	stranger := samltest.With(entityID, samltest.RSA(1), d.time)
	forged := (&directory{world: d.world, idp: stranger, time: d.time}).response(usual())
	foreign := "arn:aws:iam::" + other + ":saml-provider/Company"
	check(t, []row{
		{"unsigned", plain("SAML", 0, time.Hour), refusal{}},
		{"signed by a user", d.asking(d.maria, "SAML", d.response(usual()), 0), refusal{}},
		{"signed with an unknown key", d.asking(d.client(static("AKIAIOSFODNN7EXAMPLE", "secret", "")), "SAML", d.response(usual()), 0), refusal{}},
		{"under the least", plain("SAML", 899), constraint(underLeast)},
		{"the least", plain("SAML", 900, 15*time.Minute), refusal{}},
		{"over the role's longest", plain("SAML", 3601), invalid(tooLongForRole)},
		{"over the longest of all", plain("SAMLLong", 43201), constraint("'43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200")},
		{"the provider's end is sooner", plain("SAMLLong", 43200, 8*time.Hour), refusal{}},
		{"the provider's SessionDuration is sooner", d.asking(d.nobody, "SAMLLong", d.response(usual(hours)), 43200, 2*time.Hour), refusal{}},
		{"a provider's ARN that is none", provider("arn:aws:iam::" + account + ":role/SAML"), invalid("arn:aws:iam::" + account + ":role/SAML is invalid")},
		{"a provider that is absent", provider(company + "2"), token("Specified provider doesn't exist.")},
		{"a provider of another account", provider(foreign), token("Specified provider doesn't exist.")},
		{"no base64", d.asking(d.nobody, "SAML", "%%%%", 0), token("Invalid base64 SAMLResponse")},
		{"too short", d.asking(d.nobody, "SAML", "abc", 0), refusal{400, "ValidationError", "1 validation error detected: Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length greater than or equal to 4"}},
		{"another issuer", with(usual(), entityID, "https://other.example.com"), token("Issuer not present in specified provider")},
		{"another's signature", d.asking(d.nobody, "SAML", forged, 0), token("Response signature invalid")},
		{"another audience", with(usual(), "<saml:Audience>"+d.recipient(), "<saml:Audience>https://other.example.com"), token("Response does not contain the required audience.")},
		{"six minutes old", with(usual(), `IssueInstant="`+at(0), `IssueInstant="`+at(-6*time.Minute-time.Second)), refusal{400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance"}},
		{"a role that is not offered", d.asking(d.nobody, "Untrusting", d.response(usual()), 0), token(noPair)},
		{"a role that is offered and does not trust the provider", d.asking(d.nobody, "Short", d.response(usual()), 0), denied("Not authorized to perform sts:AssumeRoleWithSAML")},
		{"no session name", with(usual()[1:]), token("RoleSessionName is required in AuthnResponse")},
		{"a bad session name", with(append(usual()[1:], attribute(samltest.RoleSessionName, "Maria Garcia"))), token("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")},
		{"a bad source identity", with(usual(attribute(samltest.SourceIdentity, "aws:maria"))), claim(`Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)},
		{"tags", with(usual(attribute(samltest.PrincipalTag+"team", "core"), attribute(samltest.TransitiveKeys, "team"))), refusal{}},
		{"a transitive key that is no tag", with(usual(attribute(samltest.TransitiveKeys, "team"))), claim("The SAML assertion's attributes are not valid: TransitiveTagKeys names a key that is no tag, or one twice")},
		{"tags for a role that may not be tagged", d.asking(d.nobody, "SAMLLong", d.response(usual(attribute(samltest.PrincipalTag+"team", "core"))), 0), denied("Not authorized to perform sts:TagSession")},
	})
}

// The answer's members, by the documented formulas.
func TestSAMLAnswer(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	out, err := d.nobody.AssumeRoleWithSAML(t.Context(), &awssts.AssumeRoleWithSAMLInput{RoleArn: roleARN("SAML"), PrincipalArn: new(company),
		SAMLAssertion: new(d.response(usual(attribute(samltest.SourceIdentity, "maria"))))})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte(entityID + account + "/Company")) //nolint:gosec // as above
	for want, got := range map[string]*string{
		subject: out.Subject, "persistent": out.SubjectType, entityID: out.Issuer, d.recipient(): out.Audience, "maria": out.SourceIdentity,
		base64.StdEncoding.EncodeToString(sum[:]):              out.NameQualifier,
		"arn:aws:sts::" + account + ":assumed-role/SAML/maria": out.AssumedRoleUser.Arn,
	} {
		if got == nil || *got != want {
			t.Errorf("%v, want %q", got, want)
		}
	}
	session := d.client(from(out.Credentials))
	check(t, []row{
		{"its session is a role's", d.federationToken(session, awssts.GetFederationTokenInput{}), denied("Cannot call GetFederationToken with session credentials")},
		{"the next role is a chained one", d.world.asking(session, awssts.AssumeRoleInput{DurationSeconds: new(int32(3601))}), invalid(tooLongChained)},
	})
}
