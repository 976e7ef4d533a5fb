package rolesanywhere_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// attack is a request that would open a session but for one thing.
type attack struct {
	name   string
	status int
	says   string // in the answer
	setup  func(w *world, c *call) *call
}

func (w *world) otherAnchor() string { return w.arn("trust-anchor", w.newAnchor(w.root)) }

// enable imports a revocation list and has it looked at.
func (w *world) list(data []byte) {
	w.t.Helper()
	must(w.ImportCrl(w.t.Context(), w.admin(here), &wire.ImportCrlInput{Name: new("list"), CrlData: data, Enabled: new(true), TrustAnchorArn: &w.anchor}))(w.t)
}

// by makes the call another machine's.
func by(m func() *pkitest.Pair) func(*world, *call) *call {
	return func(w *world, _ *call) *call { return w.call(m()) }
}

func after(f func(*http.Request)) func(*world, *call) *call {
	return func(_ *world, c *call) *call { c.after = f; return c }
}

var signatures = []attack{
	{"unsigned", 403, "missing Authentication Token", after(func(r *http.Request) { r.Header.Del("Authorization") })},
	{"signed with another key", 403, "signature is not made", func(w *world, c *call) *call { c.key = pkitest.EC(); return c }},
	{"signed with another machine's key and certificate, our certificate beside it", 403, "", func(w *world, c *call) *call {
		other := root.Machine("build-2")
		o := w.call(other)
		o.after = func(r *http.Request) {
			r.Header.Set("X-Amz-X509", base64.StdEncoding.EncodeToString(machine.Cert.Raw))
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), other.Cert.SerialNumber.String(), machine.Cert.SerialNumber.String(), 1))
		}
		return o
	}},
	{"the name of another algorithm", 403, "signature is not made", after(func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "ECDSA", "RSA", 1))
	})},
	{"an algorithm with a shared secret", 400, "algorithms AWS4-X509", after(func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "AWS4-X509-ECDSA-SHA256", "AWS4-HMAC-SHA256", 1))
	})},
	{"an empty signature", 400, "requires", after(func(r *http.Request) {
		head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		r.Header.Set("Authorization", head+"Signature=")
	})},
	{"another body", 403, "signature is not made", after(func(r *http.Request) {
		other := httpBody(`{"trustAnchorArn":"arn:aws:rolesanywhere:r:a:trust-anchor/x","profileArn":"arn:aws:rolesanywhere:r:a:profile/x","roleArn":"` + role + `"}`)
		r.Body, r.ContentLength = other.Body, other.ContentLength
	})},
	{"another query", 403, "signature is not made", after(func(r *http.Request) { r.RequestURI += "?x=y"; r.URL.RawQuery = "x=y" })},
	{"another path, encoded", 403, "signature is not made", after(func(r *http.Request) { r.RequestURI = "/%73essions" })},
	{"a chain that is not signed", 403, "must be a 'SignedHeader'", after(func(r *http.Request) {
		r.Header.Set("X-Amz-X509-Chain", base64.StdEncoding.EncodeToString(sub.Cert.Raw))
	})},
	{"two certificates", 400, "more than once", after(func(r *http.Request) {
		r.Header.Add("X-Amz-X509", base64.StdEncoding.EncodeToString(machine.Cert.Raw))
	})},
	{"two signatures", 400, "more than one Authorization", after(func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) })},
	{"another host", 403, "signature is not made", after(func(r *http.Request) { r.Host = "other.example" })},
	{"a header injected into the certificate's", 403, "", after(func(r *http.Request) {
		r.Header.Set("X-Amz-X509", r.Header.Get("X-Amz-X509")+"\r\nX-Amz-Date: 20261126T120000Z")
	})},
	{"another certificate's serial number", 403, "serial number", func(w *world, c *call) *call {
		c.after = func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), machine.Cert.SerialNumber.String(), "12345", 1))
		}
		return c
	}},
	{"a serial number with a zero before it", 400, "decimal digits", after(func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Credential=", "Credential=0", 1))
	})},
	{"six minutes old", 403, "Signature expired", func(w *world, c *call) *call { c.time = w.time.Add(-6 * time.Minute); return c }},
	{"six minutes ahead", 403, "not yet current", func(w *world, c *call) *call { c.time = w.time.Add(6 * time.Minute); return c }},
	{"replayed when its time is over", 403, "Signature expired", func(w *world, c *call) *call {
		if code, got := w.do(c); code != 201 {
			w.t.Fatalf("the first time: %d %s", code, got.Message)
		}
		w.time = w.time.Add(5*time.Minute + time.Second)
		return c
	}},
	{"signed for another region", 403, "region eu-central-1", func(w *world, c *call) *call { c.region = "us-east-1"; return c }},
	{"signed for another service", 403, "service rolesanywhere", func(w *world, c *call) *call { c.scope = "sts"; return c }},
	{"by GET", 405, "POST", after(func(r *http.Request) { r.Method = http.MethodGet })},
	{"a body without end", 413, "", after(func(r *http.Request) {
		other := httpBody(`{"x":"` + strings.Repeat("x", 65<<10) + `"}`)
		r.Body, r.ContentLength = other.Body, other.ContentLength
	})},
}

var certificates = []attack{
	{"an unknown authority's", 403, "no path leads", by(func() *pkitest.Pair { return pkitest.Root(noon, "Example Root").Machine("build-1.example.com") })},
	{"signed by itself", 403, "authority's", by(func() *pkitest.Pair { return pkitest.Root(noon, "build-1.example.com") })},
	{"signed by itself, no authority", 403, "no path leads", by(func() *pkitest.Pair {
		return pkitest.Root(noon, "build-1", func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })
	})},
	{"the anchor's own", 403, "authority's", by(func() *pkitest.Pair { return root })},
	{"an authority below the anchor", 403, "authority's", by(func() *pkitest.Pair { return sub })},
	{"an authority's by its key usage", 403, "authority's", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign })
	})},
	{"issued by a machine", 403, "", by(func() *pkitest.Pair { return root.Machine("build-1").Machine("build-2") })},
	{"without what leads to the anchor", 403, "no path leads", func(w *world, _ *call) *call {
		c := w.call(sub.Machine("build-1"))
		c.chain = c.chain[:1]
		return c
	}},
	{"a long chain", 403, "more than 5", func(w *world, _ *call) *call {
		m := sub.Machine("build-1")
		for range 5 {
			m.Chain = append(m.Chain, root.Cert)
		}
		return w.call(m)
	}},
	{"expired", 403, "expired", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) })
	})},
	{"not yet valid", 403, "expired or is not yet valid", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) })
	})},
	{"below an authority that has expired", 403, "", by(func() *pkitest.Pair {
		return root.Sub("Old", func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }).Machine("build-1")
	})},
	{"below an authority without the flag", 403, "", by(func() *pkitest.Pair {
		return root.Sub("No", func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, -1 }).Machine("build-1")
	})},
	{"below an authority that may not sign", 403, "", by(func() *pkitest.Pair {
		return root.Sub("No", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }).Machine("build-1")
	})},
	{"deeper than an authority may go", 403, "", by(func() *pkitest.Pair {
		return root.Sub("Last", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }).Sub("Below").Machine("build-1")
	})},
	{"a name that the authority may not give", 403, "may not issue for this name", by(func() *pkitest.Pair {
		return root.Sub("Narrow", func(c *x509.Certificate) {
			c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.com"}, true
		}).Machine("build-1", func(c *x509.Certificate) { c.DNSNames = []string{"build-1.example.org"} })
	})},
	{"an extension that nobody knows, and critical", 403, "", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		})
	})},
	{"not for signatures", 403, "digitalSignature", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	})},
	{"for servers only", 403, "not for clients", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	})},
	{"a key of 1,024 bits", 403, "1024 bits", by(func() *pkitest.Pair { return root.MachineWith(pkitest.RSA(1024), "build-1") })},
	{"a key on P-224", 403, "224 bits", by(func() *pkitest.Pair { return root.MachineWith(pkitest.Curve(elliptic.P224()), "build-1") })},
	{"below an authority with a weak key", 403, "224 bits", by(func() *pkitest.Pair {
		weak := root.MachineWith(pkitest.Curve(elliptic.P224()), "Weak", func(c *x509.Certificate) { c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil })
		return weak.Machine("build-1")
	})},
	{"signed over SHA-1", 403, "", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
	})},
	{"no certificate", 403, "cannot be read", func(w *world, c *call) *call {
		c.chain = []*x509.Certificate{{SerialNumber: machine.Cert.SerialNumber, Raw: []byte("no certificate")}}
		return c
	}},
	{"two certificates in one header", 403, "cannot be read", func(w *world, c *call) *call {
		c.chain = []*x509.Certificate{{SerialNumber: machine.Cert.SerialNumber, Raw: append(append([]byte{}, machine.Cert.Raw...), sub.Cert.Raw...)}}
		return c
	}},
	{"revoked", 403, "is revoked", func(w *world, c *call) *call { w.list(root.List(nil, machine)); return c }},
	{"below an authority that is revoked", 403, "is revoked", func(w *world, c *call) *call {
		w.list(root.List(nil, sub))
		return w.call(sub.Machine("build-1"))
	}},
	{"looked up in a list that has ended", 403, "import a newer one", func(w *world, c *call) *call {
		w.list(root.List(nil))
		w.time = noon.Add(13 * time.Hour)
		return w.call(machine)
	}},
	{"with a list that the anchor no longer signs", 403, "is not signed by the trust anchor", func(w *world, _ *call) *call {
		w.list(root.List(nil))
		other := pkitest.Root(noon, "Example Root")
		must(w.UpdateTrustAnchor(w.t.Context(), w.admin(here), &wire.UpdateTrustAnchorInput{TrustAnchorId: &w.anchorN, Source: source(other)}))(w.t)
		return w.call(other.Machine("build-1"))
	}},
	{"a wildcard that is no tag", 403, "SAN: [ DNS ]", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) { c.DNSNames = []string{"*.example.com"} })
	})},
	{"a subject that is no source identity", 403, "source identity", by(func() *pkitest.Pair { return root.Machine("build 1") })},
	{"a subject of AWS's own", 403, "", by(func() *pkitest.Pair { return root.Machine("aws:root") })},
	{"alternative names that cannot be read", 403, "", by(func() *pkitest.Pair {
		return root.Machine("build-1", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte{0x30, 4, 0xa4, 2, 0x30, 5}}}
		})
	})},
}

var registered = []attack{
	{"a trust anchor that is disabled", 403, "no such trust anchor", func(w *world, c *call) *call {
		must(w.DisableTrustAnchor(w.t.Context(), w.admin(here), &wire.DisableTrustAnchorInput{TrustAnchorId: &w.anchorN}))(w.t)
		return c
	}},
	{"a trust anchor that is deleted", 403, "no such trust anchor", func(w *world, c *call) *call {
		must(w.DeleteTrustAnchor(w.t.Context(), w.admin(here), &wire.DeleteTrustAnchorInput{TrustAnchorId: &w.anchorN}))(w.t)
		return c
	}},
	{"another account's trust anchor", 403, "no such trust anchor", func(w *world, c *call) *call {
		a := must(w.CreateTrustAnchor(w.t.Context(), w.admin(there), &wire.CreateTrustAnchorInput{Name: new("a"), Enabled: new(true), Source: source(root)}))(w.t)
		w.role(trust(*a.TrustAnchor.TrustAnchorArn))
		c.body["trustAnchorArn"] = a.TrustAnchor.TrustAnchorArn
		return c
	}},
	{"another region's trust anchor", 403, "no such trust anchor", func(w *world, c *call) *call {
		c.body["trustAnchorArn"] = strings.Replace(w.anchor, region, "us-east-1", 1)
		return c
	}},
	{"a profile in the place of the trust anchor", 400, "trustAnchorArn", func(w *world, c *call) *call { c.body["trustAnchorArn"] = w.profile; return c }},
	{"a profile that is disabled", 403, "no such profile", func(w *world, c *call) *call {
		must(w.DisableProfile(w.t.Context(), w.admin(here), &wire.DisableProfileInput{ProfileId: &w.profilN}))(w.t)
		return c
	}},
	{"a profile that is deleted", 403, "no such profile", func(w *world, c *call) *call {
		must(w.DeleteProfile(w.t.Context(), w.admin(here), &wire.DeleteProfileInput{ProfileId: &w.profilN}))(w.t)
		return c
	}},
	{"another account's profile", 403, "no such profile", func(w *world, c *call) *call {
		p := store.AnywhereProfile{Account: there, Region: region, ID: w.profilN, Enabled: true, RoleARNs: []string{role}, Duration: time.Hour}
		w.update(func(tx store.Tx) error { return tx.InsertAnywhereProfile(p) })
		c.body["profileArn"] = strings.Replace(w.profile, here, there, 1)
		return c
	}},
	{"a role that the profile does not offer", 403, "does not offer", func(w *world, c *call) *call {
		w.update(func(tx store.Tx) error {
			return tx.InsertRole(store.Role{Account: here, Name: "Admin", Path: "/", ID: "AROAADMINAAAAAAAAAAAA", Trust: trust(w.anchor), MaxSession: time.Hour})
		})
		c.body["roleArn"] = "arn:aws:iam::" + here + ":role/Admin"
		return c
	}},
	{"a role in other letters", 403, "does not offer", func(w *world, c *call) *call {
		c.body["roleArn"] = "arn:aws:iam::" + here + ":role/builder"
		return c
	}},
	{"a role that is gone", 403, "Not authorized", func(w *world, c *call) *call {
		w.update(func(tx store.Tx) error { return tx.DeleteRole("AROABUILDERAAAAAAAAAA") })
		return c
	}},
	{"a role's trust in another anchor", 403, "Not authorized", func(w *world, c *call) *call { w.role(trust(w.otherAnchor())); return c }},
	{"a role's trust in any anchor", 403, "Not authorized", func(w *world, c *call) *call {
		w.role(trustBy(`"StringEquals":{"aws:PrincipalTag/x509Subject/CN":"build-1.example.com"}`))
		return c
	}},
	{"a role's trust in another service", 403, "Not authorized", func(w *world, c *call) *call {
		w.role(strings.Replace(trust(w.anchor), "rolesanywhere.amazonaws.com", "ec2.amazonaws.com", 1))
		return c
	}},
	{"a role's trust in the account", 403, "Not authorized", func(w *world, c *call) *call {
		w.role(strings.Replace(trust(w.anchor), `"Service":"rolesanywhere.amazonaws.com"`, `"AWS":"`+here+`"`, 1))
		return c
	}},
	{"a role's trust in all but another service", 403, "Not authorized", func(w *world, c *call) *call {
		w.role(strings.Replace(trust(w.anchor), `"Principal":{"Service":"rolesanywhere.amazonaws.com"}`, `"NotPrincipal":{"AWS":"`+there+`"}`, 1))
		return c
	}},
	{"a role's trust without tags", 403, "sts:TagSession", func(w *world, c *call) *call {
		w.role(strings.Replace(trust(w.anchor), `"sts:TagSession",`, "", 1))
		return c
	}},
	{"a role's trust without a source identity", 403, "sts:SetSourceIdentity", func(w *world, c *call) *call {
		w.role(strings.Replace(trust(w.anchor), `,"sts:SetSourceIdentity"`, "", 1))
		return c
	}},
	{"a role that refuses this subject", 403, "Not authorized", func(w *world, c *call) *call {
		w.role(trust(w.anchor, `"StringNotEquals":{"aws:PrincipalTag/x509Subject/CN":"build-1.example.com"}`))
		return c
	}},
	{"longer than the role's sessions", 400, "MaxSessionDuration", func(w *world, c *call) *call { c.body["durationSeconds"] = 7201; return c }},
	{"longer than any session", 400, "durationSeconds", func(w *world, c *call) *call { c.body["durationSeconds"] = 43201; return c }},
	{"shorter than any session", 400, "durationSeconds", func(w *world, c *call) *call { c.body["durationSeconds"] = 899; return c }},
	{"a session name that the profile does not accept", 403, "roleSessionName", func(w *world, c *call) *call { c.body["roleSessionName"] = "admin"; return c }},
	{"a session name that is none", 400, "roleSessionName", func(w *world, c *call) *call { c.body["roleSessionName"] = "a/b"; return c }},
	{"without the instance properties that the profile requires", 403, "instanceProperties", func(w *world, c *call) *call {
		p := must(w.CreateProfile(w.t.Context(), w.admin(here), &wire.CreateProfileInput{Name: new("p"), Enabled: new(true), RoleArns: []string{role}, RequireInstanceProperties: new(true)}))(w.t)
		c.body["profileArn"] = p.Profile.ProfileArn
		return c
	}},
	{"another account's instance profile", 403, "", func(w *world, c *call) *call {
		w.update(func(tx store.Tx) error {
			return tx.InsertInstanceProfile(store.InstanceProfile{Account: there, Name: "x", Path: "/", ID: "AIPAX", RoleID: "AROABUILDERAAAAAAAAAA"})
		})
		c.body["roleArn"] = "arn:aws:iam::" + there + ":instance-profile/x"
		return c
	}},
}

// Each attack is refused, by its own check, and what reached the domain is on record.
func TestAttacks(t *testing.T) {
	for group, list := range map[string][]attack{"Signature": signatures, "Certificate": certificates, "Registered": registered} {
		t.Run(group, func(t *testing.T) {
			for _, a := range list {
				t.Run(a.name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					r := a.setup(w, w.call(machine)).request(t)
					before := len(w.log.list)
					code, got := w.send(r)
					if code != a.status || !strings.Contains(got.Message, a.says) || len(got.CredentialSet) > 0 {
						t.Errorf("%d %q %+v, want %d %q", code, got.Message, got.CredentialSet, a.status, a.says)
					}
					tries := r.Header.Get("Authorization") != "" && r.Method == http.MethodPost
					if last := w.log.last(); tries && (len(w.log.list) == before || last.Decision != "Deny") {
						t.Errorf("the record is %+v", last)
					}
				})
			}
		})
	}
}

func httpBody(text string) *http.Request {
	return httptest.NewRequest("POST", "/", strings.NewReader(text))
}

// A refusal is recorded with what it was about and why.
func TestRefusalIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.list(root.List(nil, machine))
	if code, _ := w.do(w.call(machine)); code != 403 {
		t.Fatal(code)
	}
	r := w.log.last()
	if r.EventName != "AssumeRole" || r.Decision != "Deny" || r.Resource != role || r.Params["trustAnchorArn"] != w.anchor ||
		r.Params["serialNumber"] != machine.Cert.SerialNumber.String() || !strings.Contains(r.Params["errorMessage"], "is revoked") || r.ErrorCode != awserr.AccessDenied {
		t.Errorf("%+v", r)
	}
	must(w.DisableCrl(t.Context(), w.admin(here), &wire.DisableCrlInput{CrlId: w.onlyList()}))(t)
	if code, got := w.do(w.call(machine)); code != 201 {
		t.Errorf("with the list disabled: %d %s", code, got.Message)
	}
}

func (w *world) onlyList() *string {
	w.t.Helper()
	l := must(w.ListCrls(w.t.Context(), w.admin(here), &wire.ListCrlsInput{}))(w.t)
	return l.Crls[0].CrlId
}
