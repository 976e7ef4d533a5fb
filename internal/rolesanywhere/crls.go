package rolesanywhere

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/store"
	wire "sojourn/internal/wire/rolesanywherewire"
)

// ImportCrl registers a certificate revocation list of a trust anchor's authority.
func (s *Service) ImportCrl(ctx context.Context, c *principal.Caller, in *wire.ImportCrlInput) (*wire.ImportCrlOutput, error) {
	anchor, ok := s.parseRef(value(in.TrustAnchorArn), anchorKind)
	if !ok || anchor.account != c.Account {
		return nil, wire.NewValidation("trustAnchorArn is not the ARN of a trust anchor in this account and region.")
	}
	tags, err := tagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	now := s.now()
	list := store.CRL{Account: c.Account, Region: s.region, ID: newID(), Name: value(in.Name), Enabled: value(in.Enabled),
		TrustAnchor: anchor.id, Data: in.CrlData, Created: now, Updated: now, Tags: tags}
	err = s.write(ctx, c, act{action: "ImportCrl", tags: tags, params: map[string]string{"name": list.Name, "crlId": list.ID, "trustAnchorArn": anchor.arn()}},
		func(tx store.Tx) error {
			if err := s.checkList(tx, list); err != nil {
				return err
			}
			others, err := tx.CRLsOf(anchor.account, anchor.region, anchor.id)
			if err == nil && len(others) >= maxLists {
				return full("certificate revocation lists of a trust anchor", maxLists)
			}
			if err != nil {
				return err
			}
			return tx.InsertCRL(list)
		})
	if err != nil {
		return nil, err
	}
	return &wire.ImportCrlOutput{Crl: listOut(list)}, nil
}

// checkList wants a list that is good now and signed by its trust anchor.
func (s *Service) checkList(tx store.Tx, list store.CRL) error {
	a, err := tx.TrustAnchor(list.Account, list.Region, list.TrustAnchor)
	if err != nil {
		return wire.NewValidation("The trust anchor %s does not exist.", list.TrustAnchor)
	}
	certs, err := parseBundle(a.Certificates)
	if err != nil {
		return err
	}
	parsed, err := parseList(list.Data)
	if err != nil {
		return wire.NewValidation("crlData: %s.", err)
	}
	if err := parsed.current(s.now()); err != nil {
		return wire.NewValidation("crlData: the list %s.", err)
	}
	if !parsed.signedByOneOf(certs) {
		return wire.NewValidation("crlData: the list is not signed by a certificate of the trust anchor that may sign revocation lists.")
	}
	return nil
}

func listOut(l store.CRL) *wire.CrlDetail {
	return &wire.CrlDetail{
		CrlId: new(l.ID), CrlArn: new(ref{l.Account, l.Region, crlKind, l.ID}.arn()), Name: new(l.Name), Enabled: new(l.Enabled), CrlData: l.Data,
		TrustAnchorArn: new(ref{l.Account, l.Region, anchorKind, l.TrustAnchor}.arn()), CreatedAt: new(l.Created), UpdatedAt: new(l.Updated),
	}
}

// list runs one operation on a revocation list, and writes what change changes.
func (s *Service) list(ctx context.Context, c *principal.Caller, action string, id *string, change func(store.Tx, *store.CRL) error) (*wire.CrlDetail, error) {
	on, run := s.ref(c.Account, crlKind, id), s.read
	if change != nil {
		run = s.write
	}
	var l store.CRL
	err := run(ctx, c, act{action: action, on: on}, func(tx store.Tx) (err error) {
		l, err = tx.CRL(on.account, on.region, on.id)
		if err == nil && change != nil {
			l.Updated = s.now()
			err = change(tx, &l)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return listOut(l), nil
}

// GetCrl describes a revocation list.
func (s *Service) GetCrl(ctx context.Context, c *principal.Caller, in *wire.GetCrlInput) (*wire.GetCrlOutput, error) {
	l, err := s.list(ctx, c, "GetCrl", in.CrlId, nil)
	return &wire.GetCrlOutput{Crl: l}, err
}

// UpdateCrl changes a revocation list's name or replaces it by a newer one.
func (s *Service) UpdateCrl(ctx context.Context, c *principal.Caller, in *wire.UpdateCrlInput) (*wire.UpdateCrlOutput, error) {
	l, err := s.list(ctx, c, "UpdateCrl", in.CrlId, func(tx store.Tx, l *store.CRL) error {
		set(&l.Name, in.Name)
		if in.CrlData != nil {
			l.Data = in.CrlData
			if err := s.checkList(tx, *l); err != nil {
				return err
			}
		}
		return tx.UpdateCRL(*l)
	})
	return &wire.UpdateCrlOutput{Crl: l}, err
}

// EnableCrl has sessions checked against a revocation list.
func (s *Service) EnableCrl(ctx context.Context, c *principal.Caller, in *wire.EnableCrlInput) (*wire.EnableCrlOutput, error) {
	l, err := s.list(ctx, c, "EnableCrl", in.CrlId, enable(true))
	return &wire.EnableCrlOutput{Crl: l}, err
}

// DisableCrl ends that.
func (s *Service) DisableCrl(ctx context.Context, c *principal.Caller, in *wire.DisableCrlInput) (*wire.DisableCrlOutput, error) {
	l, err := s.list(ctx, c, "DisableCrl", in.CrlId, enable(false))
	return &wire.DisableCrlOutput{Crl: l}, err
}

func enable(on bool) func(store.Tx, *store.CRL) error {
	return func(tx store.Tx, l *store.CRL) error {
		l.Enabled = on
		return tx.UpdateCRL(*l)
	}
}

// DeleteCrl removes a revocation list.
func (s *Service) DeleteCrl(ctx context.Context, c *principal.Caller, in *wire.DeleteCrlInput) (*wire.DeleteCrlOutput, error) {
	l, err := s.list(ctx, c, "DeleteCrl", in.CrlId, func(tx store.Tx, l *store.CRL) error { return tx.DeleteCRL(l.Account, l.Region, l.ID) })
	return &wire.DeleteCrlOutput{Crl: l}, err
}

// ListCrls lists the account's revocation lists of the region.
func (s *Service) ListCrls(ctx context.Context, c *principal.Caller, in *wire.ListCrlsInput) (*wire.ListCrlsOutput, error) {
	p, err := window(in.NextToken, in.PageSize, listPage)
	if err != nil {
		return nil, err
	}
	out := &wire.ListCrlsOutput{}
	err = s.read(ctx, c, act{action: "ListCrls"}, func(tx store.Tx) error {
		all, err := tx.CRLs(c.Account, s.region, p)
		all, out.NextToken = cut(all, p, func(l store.CRL) string { return l.ID })
		for _, l := range all {
			out.Crls = append(out.Crls, *listOut(l))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
