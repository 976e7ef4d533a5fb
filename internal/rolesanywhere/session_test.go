package rolesanywhere_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// A certificate opens a session of the role: named after its serial number, with
// its subject behind it, and with its fields as tags.
func TestCreateSession(t *testing.T) {
	w := newWorld(t)
	uri := must(url.Parse("spiffe://example.com/ci/build"))(t)
	m := sub.MachineWith(pkitest.RSA(2048), "build-1.example.com", func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "build-1.example.com", OrganizationalUnit: []string{"CI", "Linux"}, Country: []string{"DE"},
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: "b1"}, {Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: "own"}}}
		c.DNSNames, c.URIs = []string{"build-1.example.com", "ci.example.com"}, []*url.URL{uri}
	})
	code, got := w.do(w.call(m))
	if code != 201 || len(got.CredentialSet) != 1 {
		t.Fatalf("%d %+v", code, got)
	}
	one, serial := got.CredentialSet[0], hex.EncodeToString(m.Cert.SerialNumber.Bytes())
	if want := "arn:aws:sts::" + here + ":assumed-role/Builder/" + serial; one.AssumedRoleUser.Arn != want || one.RoleArn != role || one.SourceIdentity != "build-1.example.com" {
		t.Errorf("%+v", one)
	}
	if !one.Credentials.Expiration.Equal(noon.Add(time.Hour)) || !strings.HasPrefix(got.SubjectArn, "arn:aws:rolesanywhere:"+region+":"+here+":subject/") {
		t.Errorf("%+v", got)
	}
	s := w.opened(got)
	want := map[string]string{
		"x509Subject/CN": "build-1.example.com", "x509Subject/OU": "CI", "x509Subject/C": "DE", "x509Subject/UID": "b1", "x509Subject/1.2.3.4": "own",
		"x509Issuer/CN": "Example Issuing", "x509Issuer/O": "Example",
		"x509SAN/DNS": "build-1.example.com", "x509SAN/URI": "spiffe://example.com/ci/build",
	}
	if !maps.Equal(s.Tags, want) || s.SourceIdent != "build-1.example.com" || s.SessionName != serial || s.Chained || s.Provider != "" {
		t.Errorf("the session is %+v", s)
	}
	r := w.log.last()
	if r.Identity.Type != "AWSService" || r.Identity.Provider != "rolesanywhere.amazonaws.com" || r.Decision != "Allow" ||
		r.Params["trustAnchorArn"] != w.anchor || r.Params["serialNumber"] != m.Cert.SerialNumber.String() || r.EventName != "AssumeRole" || r.Issued == nil {
		t.Errorf("the record is %+v", r)
	}
}

// What stands in the body may stand in the query string, as AWS's helper has it.
func TestParametersInTheQuery(t *testing.T) {
	w := newWorld(t)
	c := w.call(machine)
	q := url.Values{"trustAnchorArn": {w.anchor}, "profileArn": {w.profile}, "roleArn": {role}}
	c.query, c.body = "?"+q.Encode(), map[string]any{"durationSeconds": 900}
	code, got := w.do(c)
	if code != 201 || !got.CredentialSet[0].Credentials.Expiration.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("%d %+v", code, got)
	}
	c.body["roleArn"] = role
	if code, got := w.do(c); code != 400 {
		t.Errorf("in both: %d %+v", code, got)
	}
}

// The conditions that AWS documents: the certificate's fields as the principal's tags.
func TestTrustPolicyConditions(t *testing.T) {
	for condition, want := range map[string]int{
		`"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"build-1.example.com"}`:  201,
		`"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"build-2.example.com"}`:  403,
		`"StringEquals":{"aws:RequestTag/x509Issuer/CN":"Example Root"}`:            201,
		`"StringLike":{"sts:SourceIdentity":"build-*"}`:                             201,
		`"StringLikeIfExists":{"sts:SourceIdentity":"build-*"}`:                     201,
		`"StringEquals":{"aws:SourceAccount":"` + here + `"}`:                       201,
		`"StringEquals":{"aws:SourceAccount":"` + there + `"}`:                      403,
		`"Bool":{"aws:PrincipalIsAWSService":"true"}`:                               201,
		`"StringEquals":{"aws:PrincipalServiceName":"rolesanywhere.amazonaws.com"}`: 201,
	} {
		w := newWorld(t)
		w.role(trust(w.anchor, condition))
		if code, got := w.do(w.call(machine)); code != want {
			t.Errorf("%s: %d %s, want %d", condition, code, got.Message, want)
		}
	}
}

// The session is limited by the profile: its length, its policies, its mappings.
func TestProfileLimits(t *testing.T) {
	w := newWorld(t)
	deny := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"codecommit:GitPull","Resource":"*"}]}`
	update := &wire.UpdateProfileInput{ProfileId: &w.profilN, SessionPolicy: &deny, DurationSeconds: new(int64(1800)), AcceptRoleSessionName: new(true),
		ManagedPolicyArns: []string{"arn:aws:iam::aws:policy/AWSCodeCommitReadOnly"}}
	must(w.UpdateProfile(t.Context(), w.admin(here), update))(t)
	must(w.DeleteAttributeMapping(t.Context(), w.admin(here), &wire.DeleteAttributeMappingInput{ProfileId: &w.profilN, CertificateField: new("x509Issuer")}))(t)
	must(w.DeleteAttributeMapping(t.Context(), w.admin(here), &wire.DeleteAttributeMappingInput{ProfileId: &w.profilN, CertificateField: new("x509Subject"), Specifiers: []string{"*"}}))(t)
	must(w.PutAttributeMapping(t.Context(), w.admin(here), &wire.PutAttributeMappingInput{ProfileId: &w.profilN, CertificateField: new("x509Subject"), MappingRules: []wire.MappingRule{{Specifier: new("OU/*")}}}))(t)
	m := root.Machine("build-1", func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"CI", "Linux"} })
	c := w.call(m)
	c.body["durationSeconds"], c.body["roleSessionName"] = 7200, "nightly"
	code, got := w.do(c)
	if code != 201 || !got.CredentialSet[0].Credentials.Expiration.Equal(noon.Add(30*time.Minute)) {
		t.Fatalf("%d %+v", code, got)
	}
	s := w.opened(got)
	if s.SessionPolicy != deny || len(s.PolicyARNs) != 1 || s.SessionName != "nightly" {
		t.Errorf("the session is %+v", s)
	}
	if want := map[string]string{"x509Subject/OU": "CI", "x509Subject/OU/1": "Linux"}; !maps.Equal(s.Tags, want) {
		t.Errorf("tags %v", s.Tags)
	}
}

// An instance profile stands for the role in it at that moment.
func TestInstanceProfile(t *testing.T) {
	w := newWorld(t)
	name := "arn:aws:iam::" + here + ":instance-profile/web/front"
	p := store.InstanceProfile{Account: here, Name: "front", Path: "/web/", ID: "AIPAFRONT", RoleID: "AROABUILDERAAAAAAAAAA"}
	w.update(func(tx store.Tx) error { return tx.InsertInstanceProfile(p) })
	c := w.call(machine)
	c.body["roleArn"] = name
	code, got := w.do(c)
	if code != 201 {
		t.Fatalf("%d %+v", code, got)
	}
	if one := got.CredentialSet[0]; one.RoleArn != role || one.InstanceProfileArn != name || one.InstanceProfileId != "AIPAFRONT" {
		t.Errorf("%+v", one)
	}
	p.RoleID = ""
	w.update(func(tx store.Tx) error { return tx.UpdateInstanceProfile(p) })
	if code, got := w.do(c); code != 403 || !strings.Contains(got.Message, "holds no role") {
		t.Errorf("emptied: %d %+v", code, got)
	}
	c.body["roleArn"] = "arn:aws:iam::" + here + ":instance-profile/front"
	if code, got := w.do(c); code != 403 {
		t.Errorf("under another path: %d %+v", code, got)
	}
}
