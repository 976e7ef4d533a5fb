package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"sojourn/internal/store"
)

// firstAccount makes the first account at the first start. Later starts keep
// the accounts that are there, whatever the setting says.
func firstAccount(ctx context.Context, st store.Store, cfg Config, now time.Time, log *slog.Logger) error {
	var known bool
	err := st.Update(ctx, func(tx store.Tx) error {
		accounts, err := tx.Accounts()
		if err != nil || len(accounts) > 0 {
			for _, a := range accounts {
				known = known || a.ID == cfg.Account
			}
			return err
		}
		known = true
		return tx.InsertAccount(store.Account{ID: cfg.Account, Name: "first", Created: now.UTC()})
	})
	if err != nil {
		return fmt.Errorf("making the first account: %w", err)
	}
	if !known && cfg.Account != DefaultAccount {
		log.Error("account ignored: this data directory has its accounts already; make more with \"sojourn admin account create\"", "account", cfg.Account)
	}
	return nil
}
