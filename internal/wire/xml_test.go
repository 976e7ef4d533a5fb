package wire_test

import (
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/wire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

var expiry = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.FixedZone("", 3600))

func assumed() *stswire.AssumeRoleOutput {
	return &stswire.AssumeRoleOutput{
		Credentials: &stswire.Credentials{AccessKeyId: new("ASIAEXAMPLE"), SecretAccessKey: new("s/+="),
			SessionToken: new("token"), Expiration: &expiry},
		AssumedRoleUser:  &stswire.AssumedRoleUser{AssumedRoleId: new("AROAX:s"), Arn: new("arn:aws:sts::111122223333:assumed-role/R/s")},
		PackedPolicySize: new(int64(6)),
	}
}

func TestEncodeXML(t *testing.T) {
	const id = "<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata>"
	for _, tt := range []struct {
		service *wire.Service
		op      string
		out     any
		want    string
	}{
		{stswire.Service(), "AssumeRole", assumed(), `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` +
			`<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey><SessionToken>token</SessionToken>` +
			`<Expiration>2026-01-02T02:04:05Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROAX:s</AssumedRoleId>` +
			`<Arn>arn:aws:sts::111122223333:assumed-role/R/s</Arn></AssumedRoleUser><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>` +
			id + `</AssumeRoleResponse>`},
		{iamwire.Service(), "DeleteUser", &iamwire.DeleteUserOutput{}, `<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` + id + `</DeleteUserResponse>`},
		{iamwire.Service(), "DeleteUser", nil, `<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` + id + `</DeleteUserResponse>`},
		{iamwire.Service(), "ListUsers", &iamwire.ListUsersOutput{IsTruncated: new(false)},
			`<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users></Users><IsTruncated>false</IsTruncated></ListUsersResult>` + id + `</ListUsersResponse>`},
		{iamwire.Service(), "ListUserPolicies", &iamwire.ListUserPoliciesOutput{PolicyNames: []string{"a<b>&", "c"}},
			`<ListUserPoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUserPoliciesResult><PolicyNames><member>a&lt;b&gt;&amp;</member><member>c</member></PolicyNames></ListUserPoliciesResult>` + id + `</ListUserPoliciesResponse>`},
		{sinkService, "Sink", full(), `<SinkResponse xmlns="urn:sink"><SinkResult><Name>abc</Name><Count>-2</Count><Ratio>1.5</Ratio><On>true</On>` +
			`<When>2026-01-02T03:04:05Z</When><Since>2026-01-02T03:04:05Z</Since><Data>AP94</Data><Secret>hush</Secret>` +
			`<Names><member>a</member><member>b</member></Names><Flat>x&lt;&amp;&gt;</Flat><Flat>ÿ&#xA;</Flat><Inner><Key>k</Key></Inner>` +
			`<Inners><item><Key>a</Key><Value></Value></item><item><Key>b</Key></item></Inners>` +
			`<Tags><entry><key>x</key><value>y</value></entry><entry><key>z</key><value>w</value></entry></Tags>` +
			`<ByName><entry><k>one two</k><v><Key>q</Key></v></entry></ByName><FlatMap><key>f</key><value>g</value></FlatMap></SinkResult>` + id + `</SinkResponse>`},
	} {
		got, err := wire.EncodeXML(tt.service, tt.service.Operations[tt.op], tt.out, "req-1")
		if err != nil || string(got) != tt.want {
			t.Errorf("%s, %v\ngot  %s\nwant %s", tt.op, err, got, tt.want)
		}
	}
}

func TestEncodeXMLRefusesAnothersOutput(t *testing.T) {
	op := stswire.Service().Operations["AssumeRole"]
	for _, out := range []any{&stswire.GetCallerIdentityOutput{}, (*stswire.AssumeRoleOutput)(nil), 7} {
		if b, err := wire.EncodeXML(stswire.Service(), op, out, ""); err == nil {
			t.Errorf("%T became %s", out, b)
		}
	}
}

func TestEncodeXMLError(t *testing.T) {
	got := string(wire.EncodeXMLError("urn:n", awserr.Denied("not <you>\x00"), "r"))
	want := `<ErrorResponse xmlns="urn:n"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not &lt;you&gt;` + "\ufffd" + `</Message></Error><RequestId>r</RequestId></ErrorResponse>`
	if got != want {
		t.Error(got)
	}
	if got := string(wire.EncodeXMLError("", awserr.Internal(nil), "r")); !strings.Contains(got, "<Type>Receiver</Type>") {
		t.Error(got)
	}
}
