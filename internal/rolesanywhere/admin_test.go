package rolesanywhere_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/rolesanywhere/pkitest"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// fails wants an error of a code that says something.
func fails(t *testing.T, what string, err error, code, says string) {
	t.Helper()
	if e := awserr.From(err); err == nil || e.Code != code || !strings.Contains(e.Message, says) {
		t.Errorf("%s: %v, want %s with %q", what, err, code, says)
	}
}

func TestTrustAnchors(t *testing.T) {
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin(here)
	made := must(w.CreateTrustAnchor(ctx, admin, &wire.CreateTrustAnchorInput{Name: new("b"), Source: source(root), Tags: []wire.Tag{{Key: new("team"), Value: new("ci")}}}))(t)
	a := made.TrustAnchor
	if *a.Enabled || *a.Name != "b" || *a.Source.SourceData.X509CertificateData != root.PEM() || !a.CreatedAt.Equal(noon) {
		t.Errorf("%+v", a)
	}
	w.time = noon.Add(time.Minute)
	must(w.EnableTrustAnchor(ctx, admin, &wire.EnableTrustAnchorInput{TrustAnchorId: a.TrustAnchorId}))(t)
	got := must(w.UpdateTrustAnchor(ctx, admin, &wire.UpdateTrustAnchorInput{TrustAnchorId: a.TrustAnchorId, Name: new("c")}))(t).TrustAnchor
	if !*got.Enabled || *got.Name != "c" || !got.UpdatedAt.Equal(w.time) || *got.Source.SourceData.X509CertificateData != root.PEM() {
		t.Errorf("%+v", got)
	}
	list := must(w.ListTrustAnchors(ctx, admin, &wire.ListTrustAnchorsInput{PageSize: new(int64(1))}))(t)
	next := must(w.ListTrustAnchors(ctx, admin, &wire.ListTrustAnchorsInput{PageSize: new(int64(1)), NextToken: list.NextToken}))(t)
	if len(list.TrustAnchors) != 1 || len(next.TrustAnchors) != 1 || next.NextToken != nil || *list.TrustAnchors[0].TrustAnchorId == *next.TrustAnchors[0].TrustAnchorId {
		t.Errorf("%+v, %+v", list, next)
	}
	must(w.DeleteTrustAnchor(ctx, admin, &wire.DeleteTrustAnchorInput{TrustAnchorId: a.TrustAnchorId}))(t)
	_, err := w.GetTrustAnchor(ctx, admin, &wire.GetTrustAnchorInput{TrustAnchorId: a.TrustAnchorId})
	fails(t, "a deleted one", err, wire.ErrResourceNotFound, "does not exist")
	_, err = w.GetTrustAnchor(ctx, w.admin(there), &wire.GetTrustAnchorInput{TrustAnchorId: &w.anchorN})
	fails(t, "another account's", err, wire.ErrResourceNotFound, "does not exist")
	_, err = w.ListTrustAnchors(ctx, admin, &wire.ListTrustAnchorsInput{NextToken: new("x")})
	fails(t, "a foreign token", err, wire.ErrValidation, "nextToken")
	_, err = w.ListTrustAnchors(ctx, admin, &wire.ListTrustAnchorsInput{PageSize: new(int64(0))})
	fails(t, "an empty page", err, wire.ErrValidation, "pageSize")
}

// What cannot vouch for anybody is no trust anchor.
func TestTrustAnchorSources(t *testing.T) {
	w := newWorld(t)
	data := func(text string) *wire.Source {
		return &wire.Source{SourceType: new("CERTIFICATE_BUNDLE"), SourceData: &wire.SourceData{X509CertificateData: &text}}
	}
	weak := pkitest.Root(noon, "Weak").MachineWith(pkitest.Curve(elliptic.P224()), "w", func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	for says, in := range map[string]*wire.Source{
		"CERTIFICATE_BUNDLE here":      {SourceType: new("AWS_ACM_PCA"), SourceData: &wire.SourceData{AcmPcaArn: new("arn:aws:acm-pca:x")}},
		"CA:TRUE":                      data(machine.PEM()),
		"224 bits":                     data(weak.PEM()),
		"may not sign certificates":    data(pkitest.Root(noon, "N", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }).PEM()),
		"expired at":                   data(pkitest.Root(noon, "O", func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) }).PEM()),
		"not a list of certificates":   data("hello"),
		"may hold certificates only":   data(root.PEM() + machine.KeyPEM()),
		"cannot be read":               data(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))),
		"not a list of certificates i": data(root.PEM() + root.PEM()[:100]),
	} {
		_, err := w.CreateTrustAnchor(t.Context(), w.admin(here), &wire.CreateTrustAnchorInput{Name: new("x"), Source: in})
		fails(t, says, err, wire.ErrValidation, says)
	}
	_, err := w.CreateTrustAnchor(t.Context(), w.admin(here), &wire.CreateTrustAnchorInput{Name: new("x"), Source: source(root), NotificationSettings: []wire.NotificationSetting{{}}})
	fails(t, "notifications", err, wire.ErrValidation, "no notifications")
	w.newAnchor(root)
	two := pkitest.Root(noon, "Second")
	must(w.UpdateTrustAnchor(t.Context(), w.admin(here), &wire.UpdateTrustAnchorInput{TrustAnchorId: &w.anchorN, Source: data("# ours\n" + two.PEM() + root.PEM())}))(t)
	for _, m := range []*pkitest.Pair{machine, two.Machine("build-9")} {
		if code, got := w.do(w.call(m)); code != 201 {
			t.Errorf("one of two authorities: %d %s", code, got.Message)
		}
	}
}

func TestRevocationLists(t *testing.T) {
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin(here)
	imports := func(data []byte) error {
		_, err := w.ImportCrl(ctx, admin, &wire.ImportCrlInput{Name: new("l"), CrlData: data, TrustAnchorArn: &w.anchor})
		return err
	}
	critical := func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}}
	}
	for says, data := range map[string][]byte{
		"not a revocation list":       []byte("hello"),
		"not one revocation list":     append(root.List(nil), root.List(nil)...),
		"not one revocation list in":  []byte(root.PEM()),
		"not signed by":               pkitest.Root(noon, "Example Root").List(nil),
		"not signed by a certificate": sub.List(nil),
		"ended at":                    root.List(func(l *x509.RevocationList) { l.NextUpdate = noon.Add(-time.Second) }),
		"not valid before":            root.List(func(l *x509.RevocationList) { l.ThisUpdate = noon.Add(time.Hour) }),
		"a list of another kind":      root.List(critical),
		"a partial, an indirect or a ": root.List(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Value: []byte{2, 1, 1}}}
		}),
		"critical extension": root.List(func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}
		}, machine),
	} {
		fails(t, says, imports(data), wire.ErrValidation, says)
	}
	block, _ := pem.Decode(root.List(nil, machine))
	der := must(w.ImportCrl(ctx, admin, &wire.ImportCrlInput{Name: new("der"), CrlData: block.Bytes, TrustAnchorArn: &w.anchor}))(t).Crl
	if *der.Enabled || *der.TrustAnchorArn != w.anchor {
		t.Errorf("%+v", der)
	}
	if code, _ := w.do(w.call(machine)); code != 201 {
		t.Error("a list that is not enabled counts")
	}
	must(w.EnableCrl(ctx, admin, &wire.EnableCrlInput{CrlId: der.CrlId}))(t)
	if code, _ := w.do(w.call(machine)); code != 403 {
		t.Error("a list that is enabled does not count")
	}
	must(w.UpdateCrl(ctx, admin, &wire.UpdateCrlInput{CrlId: der.CrlId, CrlData: root.List(nil)}))(t)
	if code, _ := w.do(w.call(machine)); code != 201 {
		t.Error("the old list still counts")
	}
	if err := imports(root.List(nil)); err != nil {
		t.Error(err)
	}
	fails(t, "a third list", imports(root.List(nil)), wire.ErrValidation, "no more than 2")
	got := must(w.GetCrl(ctx, admin, &wire.GetCrlInput{CrlId: der.CrlId}))(t).Crl
	if !slices.Equal(got.CrlData, root.List(nil)) && len(got.CrlData) == 0 {
		t.Errorf("%+v", got)
	}
	must(w.DeleteCrl(ctx, admin, &wire.DeleteCrlInput{CrlId: der.CrlId}))(t)
	_, err := w.GetCrl(ctx, admin, &wire.GetCrlInput{CrlId: der.CrlId})
	fails(t, "a deleted one", err, wire.ErrResourceNotFound, "")
	_, err = w.ImportCrl(ctx, w.admin(there), &wire.ImportCrlInput{Name: new("l"), CrlData: root.List(nil), TrustAnchorArn: &w.anchor})
	fails(t, "for another account's anchor", err, wire.ErrValidation, "trustAnchorArn")
}

func TestProfiles(t *testing.T) {
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin(here)
	for says, change := range map[string]func(*wire.CreateProfileInput){
		"not the ARN of a role in": func(in *wire.CreateProfileInput) { in.RoleArns = []string{"arn:aws:iam::" + there + ":role/Builder"} },
		"not the ARN of a policy": func(in *wire.CreateProfileInput) {
			in.ManagedPolicyArns = []string{"arn:aws:iam::" + there + ":policy/x"}
		},
		"no more than 10 managed": func(in *wire.CreateProfileInput) {
			in.ManagedPolicyArns = slices.Repeat([]string{"arn:aws:iam::aws:policy/x"}, 11)
		},
		"2048 are allowed": func(in *wire.CreateProfileInput) { in.SessionPolicy = new(strings.Repeat(" ", 2049)) },
		"sessionPolicy":    func(in *wire.CreateProfileInput) { in.SessionPolicy = new("{}") },
	} {
		in := &wire.CreateProfileInput{Name: new("x"), RoleArns: []string{role}}
		change(in)
		_, err := w.CreateProfile(ctx, admin, in)
		fails(t, says, err, wire.ErrValidation, says)
	}
	p := must(w.GetProfile(ctx, admin, &wire.GetProfileInput{ProfileId: &w.profilN}))(t).Profile
	if *p.DurationSeconds != 7200 || len(p.AttributeMappings) != 3 || *p.CreatedBy != "arn:aws:iam::"+here+":root" || p.SessionPolicy != nil {
		t.Errorf("%+v", p)
	}
	list := must(w.ListProfiles(ctx, admin, &wire.ListProfilesInput{}))(t)
	if len(list.Profiles) != 1 || list.NextToken != nil {
		t.Errorf("%+v", list)
	}
	for field, specs := range map[string][]string{
		"x509Subject": {"cn", "", "CN/", "CN/x", "CN/01", "CN/0/1", "/", "Name/CN"}, "x509SAN": {"", "CN", "IP", "Name", "Name/", "DNS/x", "*/1"},
	} {
		for _, s := range specs {
			_, err := w.PutAttributeMapping(ctx, admin, &wire.PutAttributeMappingInput{ProfileId: &w.profilN, CertificateField: &field, MappingRules: []wire.MappingRule{{Specifier: &s}}})
			fails(t, field+" "+s, err, wire.ErrValidation, "specifies nothing")
		}
	}
	put := must(w.PutAttributeMapping(ctx, admin, &wire.PutAttributeMappingInput{ProfileId: &w.profilN, CertificateField: new("x509SAN"), MappingRules: []wire.MappingRule{
		{Specifier: new("DNS")}, {Specifier: new("DNS/1")}, {Specifier: new("Name/2.5.4.3/*")}, {Specifier: new("URI/*")}}}))(t)
	if m := put.Profile.AttributeMappings[2]; len(m.MappingRules) != 6 {
		t.Errorf("%+v", m)
	}
}

// Who may not, may not, and learns nothing; a role is passed by permission only.
func TestAdministrationNeedsPermission(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	nobody := w.user("nobody", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`)
	denied := func(what string, err error) {
		t.Helper()
		if !awserr.Is(err, awserr.AccessDenied) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, id := range []string{w.anchorN, "00000000-0000-4000-8000-000000000000"} {
		_, err := w.GetTrustAnchor(ctx, nobody, &wire.GetTrustAnchorInput{TrustAnchorId: &id})
		denied("GetTrustAnchor", err)
		_, err = w.DeleteTrustAnchor(ctx, nobody, &wire.DeleteTrustAnchorInput{TrustAnchorId: &id})
		denied("DeleteTrustAnchor", err)
		_, err = w.DisableCrl(ctx, nobody, &wire.DisableCrlInput{CrlId: &id})
		denied("DisableCrl", err)
		_, err = w.UpdateProfile(ctx, nobody, &wire.UpdateProfileInput{ProfileId: &id})
		denied("UpdateProfile", err)
	}
	_, err := w.CreateTrustAnchor(ctx, nobody, &wire.CreateTrustAnchorInput{Name: new("x"), Source: source(root)})
	denied("CreateTrustAnchor", err)
	_, err = w.ImportCrl(ctx, nobody, &wire.ImportCrlInput{Name: new("x"), TrustAnchorArn: &w.anchor, CrlData: root.List(nil)})
	denied("ImportCrl", err)
	_, err = w.ListProfiles(ctx, nobody, &wire.ListProfilesInput{})
	denied("ListProfiles", err)
	_, err = w.ListTagsForResource(ctx, nobody, &wire.ListTagsForResourceInput{ResourceArn: &w.anchor})
	denied("ListTagsForResource", err)

	clerk := w.user("clerk", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["rolesanywhere:*"],"Resource":"*"}}`)
	_, err = w.CreateProfile(ctx, clerk, &wire.CreateProfileInput{Name: new("x"), RoleArns: []string{role}})
	denied("CreateProfile without iam:PassRole", err)
	_, err = w.UpdateProfile(ctx, clerk, &wire.UpdateProfileInput{ProfileId: &w.profilN, RoleArns: []string{role}})
	denied("UpdateProfile without iam:PassRole", err)
	passer := w.user("passer", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rolesanywhere:*","Resource":"*"},
		{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+role+`","Condition":{"StringEquals":{"iam:PassedToService":"rolesanywhere.amazonaws.com"}}}]}`)
	must(w.CreateProfile(ctx, passer, &wire.CreateProfileInput{Name: new("x"), RoleArns: []string{role}}))(t)

	tagger := w.user("tagger", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rolesanywhere:CreateTrustAnchor","Resource":"*"},
		{"Effect":"Allow","Action":"rolesanywhere:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"ci"}}}]}`)
	_, err = w.CreateTrustAnchor(ctx, tagger, &wire.CreateTrustAnchorInput{Name: new("x"), Source: source(root), Tags: []wire.Tag{{Key: new("team"), Value: new("ci")}}})
	denied("CreateTrustAnchor with tags, without TagResource", err)
	_, err = w.GetTrustAnchor(ctx, tagger, &wire.GetTrustAnchorInput{TrustAnchorId: &w.anchorN})
	denied("by a tag that is not there", err)
	must(w.TagResource(ctx, w.admin(here), &wire.TagResourceInput{ResourceArn: &w.anchor, Tags: []wire.Tag{{Key: new("team"), Value: new("ci")}}}))(t)
	must(w.GetTrustAnchor(ctx, tagger, &wire.GetTrustAnchorInput{TrustAnchorId: &w.anchorN}))(t)
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin(here)
	w.list(root.List(nil))
	list := w.arn("crl", *w.onlyList())
	tags := func(pairs ...string) (out []wire.Tag) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, wire.Tag{Key: &pairs[i], Value: &pairs[i+1]})
		}
		return out
	}
	for _, name := range []string{w.anchor, w.profile, list} {
		must(w.TagResource(ctx, admin, &wire.TagResourceInput{ResourceArn: &name, Tags: tags("a", "1", "b", "2")}))(t)
		must(w.TagResource(ctx, admin, &wire.TagResourceInput{ResourceArn: &name, Tags: tags("b", "3", "c", "4")}))(t)
		must(w.UntagResource(ctx, admin, &wire.UntagResourceInput{ResourceArn: &name, TagKeys: []string{"a", "z"}}))(t)
		got := must(w.ListTagsForResource(ctx, admin, &wire.ListTagsForResourceInput{ResourceArn: &name}))(t)
		if len(got.Tags) != 2 || *got.Tags[0].Value != "3" || *got.Tags[1].Key != "c" {
			t.Errorf("%s: %+v", name, got.Tags)
		}
		var many []string
		for i := range 49 {
			many = append(many, "k"+string(rune('A'+i)), "")
		}
		_, err := w.TagResource(ctx, admin, &wire.TagResourceInput{ResourceArn: &name, Tags: tags(many...)})
		fails(t, "51 tags", err, wire.ErrTooManyTags, "50")
		_, err = w.TagResource(ctx, admin, &wire.TagResourceInput{ResourceArn: &name, Tags: tags("aws:x", "")})
		fails(t, "a key of AWS's", err, wire.ErrValidation, "aws:")
		_, err = w.TagResource(ctx, admin, &wire.TagResourceInput{ResourceArn: &name, Tags: tags("x", "", "x", "")})
		fails(t, "a key twice", err, wire.ErrValidation, "more than once")
		_, err = w.TagResource(ctx, w.admin(there), &wire.TagResourceInput{ResourceArn: &name, Tags: tags("x", "")})
		fails(t, "another account's", err, wire.ErrResourceNotFound, "")
	}
	gone := w.arn("crl", "00000000-0000-4000-8000-000000000000")
	_, err := w.ListTagsForResource(ctx, admin, &wire.ListTagsForResourceInput{ResourceArn: &gone})
	fails(t, "what is not there", err, wire.ErrResourceNotFound, "")
}

// The quotas are AWS's.
func TestQuotas(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx store.Tx) error {
		for i := range 49 {
			if err := tx.InsertTrustAnchor(store.TrustAnchor{Account: here, Region: region, ID: string(rune('A' + i)), Certificates: root.PEM()}); err != nil {
				return err
			}
		}
		for i := range 249 {
			if err := tx.InsertAnywhereProfile(store.AnywhereProfile{Account: here, Region: region, ID: string(rune('A' + i))}); err != nil {
				return err
			}
		}
		return nil
	})
	_, err := w.CreateTrustAnchor(t.Context(), w.admin(here), &wire.CreateTrustAnchorInput{Name: new("x"), Source: source(root)})
	fails(t, "the 51st trust anchor", err, wire.ErrValidation, "no more than 50")
	_, err = w.CreateProfile(t.Context(), w.admin(here), &wire.CreateProfileInput{Name: new("x"), RoleArns: []string{role}})
	fails(t, "the 251st profile", err, wire.ErrValidation, "no more than 250")
}
