package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/node"
	"sojourn/internal/store"
	"sojourn/internal/store/sqlite"
)

// filling is the store of a server that does not run.
type filling struct {
	ctx context.Context
	st  store.Store
}

func fillStore(path string, fill func(*filling) error) error {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(fill(&filling{ctx, st}), st.Close())
}

// batches calls add with each number below n, many in one transaction.
func (f *filling) batches(n int, add func(tx store.Tx, i int) error) error {
	const batch = 5000
	for from := 0; from < n; from += batch {
		err := f.st.Update(f.ctx, func(tx store.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := add(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// repositories puts others beside those there are.
func (f *filling) repositories(n int) error {
	return f.batches(n, func(tx store.Tx, i int) error {
		name := fmt.Sprintf("other-%06d", i)
		return tx.InsertRepository(store.Repository{ID: name, Account: node.DefaultAccount, Region: node.DefaultRegion, Name: name, Version: 1})
	})
}

// policies puts managed policies into the account.
func (f *filling) policies(n int) error {
	text := string(policy(10))
	return f.batches(n, func(tx store.Tx, i int) error {
		id := fmt.Sprintf("ANPA%017d", i)
		return errors.Join(tx.InsertPolicy(store.Policy{Account: node.DefaultAccount, Name: fmt.Sprint("P", i), Path: "/", ID: id, DefaultVersion: "v1", LastVersion: 1, Created: time.Now()}),
			tx.PutPolicyVersion(store.PolicyVersion{PolicyID: id, Version: "v1", Document: text, Created: time.Now()}))
	})
}

func (f *filling) target() (row store.Repository, err error) {
	err = f.st.View(f.ctx, func(tx store.Tx) error {
		row, err = tx.Repository(node.DefaultAccount, node.DefaultRegion, target)
		return err
	})
	return row, err
}

// refs gives the repository branches that point to where main does.
func (f *filling) refs(n int) error {
	row, err := f.target()
	if err != nil {
		return err
	}
	var main store.Ref
	err = f.st.Update(f.ctx, func(tx store.Tx) error {
		found, err := tx.RefsNamed(row.ID, []string{"refs/heads/main"})
		main = found["refs/heads/main"]
		row.Version++
		return errors.Join(err, tx.UpdateRepository(row))
	})
	if err != nil {
		return err
	}
	return f.batches(n, func(tx store.Tx, i int) error {
		return tx.PutRefs(row.ID, []store.Ref{{Name: fmt.Sprintf("refs/heads/topic/%06d", i), OID: main.OID}})
	})
}

// noUpkeep takes the lease of compactions, so that a repository's packs stay.
func (f *filling) noUpkeep() error {
	row, err := f.target()
	if err != nil {
		return err
	}
	now := time.Now()
	return f.st.Update(f.ctx, func(tx store.Tx) error {
		return tx.TakeLease("compact/"+row.ID, "bench", now.Unix(), now.Add(24*time.Hour).Unix())
	})
}
