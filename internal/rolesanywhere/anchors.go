package rolesanywhere

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// source reads the certificates of a trust anchor, which must be ones that can
// vouch for others now.
func (s *Service) source(in *wire.Source) (string, error) {
	if in == nil || in.SourceData == nil || value(in.SourceType) != wire.TrustAnchorTypeCERTIFICATEBUNDLE ||
		in.SourceData.AcmPcaArn != nil || in.SourceData.X509CertificateData == nil {
		return "", wire.NewValidation("A trust anchor's source is of the type CERTIFICATE_BUNDLE here, with x509CertificateData.")
	}
	text := *in.SourceData.X509CertificateData
	certs, err := parseBundle(text)
	if err != nil {
		return "", wire.NewValidation("x509CertificateData: %s.", err)
	}
	for _, c := range certs {
		if err := isAuthority(c, s.now()); err != nil {
			return "", wire.NewValidation("x509CertificateData: the certificate of %s %s.", nameOf(c.Subject), err)
		}
	}
	return text, nil
}

// CreateTrustAnchor registers authorities.
func (s *Service) CreateTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.CreateTrustAnchorInput) (*wire.CreateTrustAnchorOutput, error) {
	if len(in.NotificationSettings) > 0 {
		return nil, wire.NewValidation("This server sends no notifications; leave out notificationSettings.")
	}
	text, err := s.source(in.Source)
	if err != nil {
		return nil, err
	}
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	now := s.now()
	a := store.TrustAnchor{Account: c.Account, Region: s.region, ID: newID(), Name: value(in.Name), Enabled: value(in.Enabled),
		Certificates: text, Created: now, Updated: now, Tags: tags}
	err = s.write(ctx, c, act{action: "CreateTrustAnchor", tags: tags, params: map[string]string{"name": a.Name, "trustAnchorId": a.ID}},
		func(tx store.Tx) error {
			all, err := tx.TrustAnchors(c.Account, s.region, store.Page{})
			if err == nil && len(all) >= maxAnchors {
				return full("trust anchors", maxAnchors)
			}
			if err != nil {
				return err
			}
			return tx.InsertTrustAnchor(a)
		})
	if err != nil {
		return nil, err
	}
	return &wire.CreateTrustAnchorOutput{TrustAnchor: anchorOut(a)}, nil
}

func anchorOut(a store.TrustAnchor) *wire.TrustAnchorDetail {
	return &wire.TrustAnchorDetail{
		TrustAnchorId: new(a.ID), TrustAnchorArn: new(ref{a.Account, a.Region, anchorKind, a.ID}.arn()), Name: new(a.Name), Enabled: new(a.Enabled),
		Source:    &wire.Source{SourceType: new(wire.TrustAnchorTypeCERTIFICATEBUNDLE), SourceData: &wire.SourceData{X509CertificateData: new(a.Certificates)}},
		CreatedAt: new(a.Created), UpdatedAt: new(a.Updated),
	}
}

// anchor runs one operation on a trust anchor, and writes what change changes.
func (s *Service) anchor(ctx context.Context, c *principal.Caller, action string, id *string, change func(*store.TrustAnchor)) (*wire.TrustAnchorDetail, error) {
	on, run := s.ref(c.Account, anchorKind, id), s.read
	if change != nil {
		run = s.write
	}
	var a store.TrustAnchor
	err := run(ctx, c, act{action: action, on: on}, func(tx store.Tx) (err error) {
		a, err = tx.TrustAnchor(on.account, on.region, on.id)
		if err == nil && change != nil {
			a.Updated = s.now()
			change(&a)
			err = tx.UpdateTrustAnchor(a)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return anchorOut(a), nil
}

// GetTrustAnchor describes a trust anchor.
func (s *Service) GetTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.GetTrustAnchorInput) (*wire.GetTrustAnchorOutput, error) {
	a, err := s.anchor(ctx, c, "GetTrustAnchor", in.TrustAnchorId, nil)
	return &wire.GetTrustAnchorOutput{TrustAnchor: a}, err
}

// UpdateTrustAnchor changes a trust anchor's name or certificates.
func (s *Service) UpdateTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.UpdateTrustAnchorInput) (*wire.UpdateTrustAnchorOutput, error) {
	var text *string
	if in.Source != nil {
		given, err := s.source(in.Source)
		if err != nil {
			return nil, err
		}
		text = &given
	}
	a, err := s.anchor(ctx, c, "UpdateTrustAnchor", in.TrustAnchorId, func(a *store.TrustAnchor) {
		set(&a.Name, in.Name)
		set(&a.Certificates, text)
	})
	return &wire.UpdateTrustAnchorOutput{TrustAnchor: a}, err
}

// EnableTrustAnchor lets certificates under a trust anchor open sessions.
func (s *Service) EnableTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.EnableTrustAnchorInput) (*wire.EnableTrustAnchorOutput, error) {
	a, err := s.anchor(ctx, c, "EnableTrustAnchor", in.TrustAnchorId, func(a *store.TrustAnchor) { a.Enabled = true })
	return &wire.EnableTrustAnchorOutput{TrustAnchor: a}, err
}

// DisableTrustAnchor ends that.
func (s *Service) DisableTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.DisableTrustAnchorInput) (*wire.DisableTrustAnchorOutput, error) {
	a, err := s.anchor(ctx, c, "DisableTrustAnchor", in.TrustAnchorId, func(a *store.TrustAnchor) { a.Enabled = false })
	return &wire.DisableTrustAnchorOutput{TrustAnchor: a}, err
}

// DeleteTrustAnchor removes a trust anchor and its revocation lists.
func (s *Service) DeleteTrustAnchor(ctx context.Context, c *principal.Caller, in *wire.DeleteTrustAnchorInput) (*wire.DeleteTrustAnchorOutput, error) {
	on := s.ref(c.Account, anchorKind, in.TrustAnchorId)
	var a store.TrustAnchor
	err := s.write(ctx, c, act{action: "DeleteTrustAnchor", on: on}, func(tx store.Tx) (err error) {
		if a, err = tx.TrustAnchor(on.account, on.region, on.id); err == nil {
			err = tx.DeleteTrustAnchor(on.account, on.region, on.id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &wire.DeleteTrustAnchorOutput{TrustAnchor: anchorOut(a)}, nil
}

// ListTrustAnchors lists the account's trust anchors of the region.
func (s *Service) ListTrustAnchors(ctx context.Context, c *principal.Caller, in *wire.ListTrustAnchorsInput) (*wire.ListTrustAnchorsOutput, error) {
	p, err := window(in.NextToken, in.PageSize, maxPage)
	if err != nil {
		return nil, err
	}
	out := &wire.ListTrustAnchorsOutput{}
	err = s.read(ctx, c, act{action: "ListTrustAnchors"}, func(tx store.Tx) error {
		all, err := tx.TrustAnchors(c.Account, s.region, p)
		all, out.NextToken = cut(all, p, func(a store.TrustAnchor) string { return a.ID })
		for _, a := range all {
			out.TrustAnchors = append(out.TrustAnchors, *anchorOut(a))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
