package audit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// filled is a record with value in every field.
func filled(value string) Record {
	issued := time.Unix(1_700_000_000, 0).UTC()
	r := Record{EventTime: issued, Statement: 7, Params: map[string]string{"b": value, "a": "x", value: "y"},
		Issued: &Issued{AccessKeyID: value, Expires: issued, UserID: value, ARN: value, Packed: 3}}
	r.Identity.Issued, r.Identity.MFA = &issued, true
	for _, v := range []reflect.Value{reflect.ValueOf(&r).Elem(), reflect.ValueOf(&r.Identity).Elem(), reflect.ValueOf(&r.Identity.Issuer).Elem()} {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String {
				f.SetString(value)
			}
		}
	}
	return r
}

// roundTrip writes a record and reads it again.
func roundTrip(t *testing.T, r Record) (got Record, line []byte) {
	t.Helper()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("a control character stands in %q", line)
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	return got, line
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	for _, value := range []string{"plain", `"`, `\`, "a\nb", "<>&", "\x00", "é", "\u2028", "{", ",", `,"chain":{"seq":1,"prev":"`} {
		r := filled(value)
		if got, line := roundTrip(t, r); !reflect.DeepEqual(got, r) {
			t.Errorf("%q\n%+v\nwant\n%+v\nfrom %s", value, got, r, line)
		}
	}
}

// The form is CloudTrail's, member by member.
func TestCloudTrailsForm(t *testing.T) {
	at := time.Date(2026, 11, 26, 5, 0, 0, 999, time.FixedZone("", 3600))
	issued := at.Add(-time.Minute)
	r := Record{EventID: "r-1", EventTime: at, EventSource: "sts.amazonaws.com", EventName: "AssumeRole", Region: "us-east-1", SourceIP: "192.0.2.7",
		UserAgent: "aws-cli/2", RequestID: "r", Resource: "arn:aws:iam::999988887777:role/R", Account: "999988887777",
		Params: map[string]string{"roleArn": "arn:aws:iam::999988887777:role/R"}, Decision: "Allow", PolicyType: "trust", Policy: "trust policy", Statement: 1,
		Identity: Identity{Type: "AssumedRole", PrincipalID: "AROA:maria", ARN: "arn:aws:sts::111122223333:assumed-role/Dev/maria", Account: "111122223333",
			AccessKeyID: "ASIAONE", SourceIdent: "maria", Issued: &issued, Issuer: Issuer{"Role", "AROA", "arn:aws:iam::111122223333:role/Dev", "111122223333", "Dev"}},
		Issued: &Issued{AccessKeyID: "ASIATWO", Expires: at.Add(time.Hour), UserID: "AROB:s", ARN: "arn:aws:sts::999988887777:assumed-role/R/s", Packed: 5}}
	const want = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA:maria","arn":"arn:aws:sts::111122223333:assumed-role/Dev/maria",` +
		`"accountId":"111122223333","accessKeyId":"ASIAONE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111122223333:role/Dev",` +
		`"accountId":"111122223333","userName":"Dev"},"attributes":{"creationDate":"2026-11-26T03:59:00Z","mfaAuthenticated":"false"},"sourceIdentity":"maria"}},` +
		`"eventTime":"2026-11-26T04:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2",` +
		`"requestParameters":{"roleArn":"arn:aws:iam::999988887777:role/R"},"responseElements":{"credentials":{"accessKeyId":"ASIATWO","expiration":"2026-11-26T05:00:00Z"},` +
		`"assumedRoleUser":{"assumedRoleId":"AROB:s","arn":"arn:aws:sts::999988887777:assumed-role/R/s"},"packedPolicySize":5},` +
		`"additionalEventData":{"decision":"Allow","policyType":"trust","policy":"trust policy","statement":1},"requestID":"r","eventID":"r-1","readOnly":false,` +
		`"resources":[{"accountId":"999988887777","type":"AWS::IAM::Role","ARN":"arn:aws:iam::999988887777:role/R"}],"eventType":"AwsApiCall","managementEvent":true,` +
		`"recipientAccountId":"999988887777","sharedEventID":"r-1","eventCategory":"Management"}`
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("%s %v\nwant\n%s", got, err, want)
	}
	for kind, want := range map[string]string{"Account": "Root", "User": "IAMUser", "Anonymous": "Unknown", "FederatedUser": "FederatedUser"} {
		if got := typeOf(&Identity{Type: kind}); got != want {
			t.Errorf("%s is written as %s", kind, got)
		}
	}
	for provider, want := range map[string]string{"arn:aws:iam::1:saml-provider/p": "SAMLUser", "accounts.google.com": "WebIdentityUser"} {
		if got := typeOf(&Identity{Type: "Anonymous", Provider: provider}); got != want {
			t.Errorf("a proof of %s is one of a %s", provider, got)
		}
	}
	if _, err := json.Marshal(Record{EventTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}); err == nil {
		t.Error("a time that no reader takes")
	}
}

// Outside text is bounded, and cut between characters.
func TestLongTextIsCut(t *testing.T) {
	r := Record{EventName: strings.Repeat("é", maxText), Params: map[string]string{}}
	for i := range 2 * maxParams {
		r.Params[strconv.Itoa(i)] = "v"
	}
	got, line := roundTrip(t, r)
	if len(line) > 4*maxText || !strings.HasSuffix(got.EventName, "é…") || len(got.EventName) > maxText || len(got.Params) != maxParams {
		t.Errorf("%d bytes, %d parameters", len(line), len(got.Params))
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:user/maria")
	f.Add("git/2.53 \"\\<\u2028\xff")
	f.Fuzz(func(t *testing.T, value string) {
		r := filled(value)
		r.EventName = "Act" + value // what has no name is no record
		once, _ := roundTrip(t, r)
		if twice, line := roundTrip(t, once); !reflect.DeepEqual(once, twice) {
			t.Errorf("%+v\n%+v\n%s", once, twice, line)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	l, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := filled("arn:aws:iam::111122223333:user/maria")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := l.Record(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
