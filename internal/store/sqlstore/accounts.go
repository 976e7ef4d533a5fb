package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectAccount = "SELECT id, name, created FROM accounts"

func scanAccount(rows *sql.Rows, a *store.Account) error {
	return rows.Scan(&a.ID, &a.Name, instant{&a.Created})
}

// InsertAccount implements store.AccountTx.
func (t *Tx) InsertAccount(a store.Account) error {
	return t.insert("account", a.ID, "INSERT INTO accounts (id, name, created) VALUES (?, ?, ?)",
		a.ID, a.Name, micros(a.Created))
}

// Account implements store.AccountTx.
func (t *Tx) Account(id string) (store.Account, error) {
	return one(t, "account", id, scanAccount, selectAccount+" WHERE id = ?", id)
}

// Accounts implements store.AccountTx.
func (t *Tx) Accounts() ([]store.Account, error) {
	return all(t, "accounts", "", scanAccount, selectAccount+" ORDER BY id")
}

// InsertAccountAlias implements store.AccountTx.
func (t *Tx) InsertAccountAlias(account, alias string) error {
	return t.insert("account alias", alias, "INSERT INTO account_aliases (alias, account) VALUES (?, ?)", alias, account)
}

// AccountAlias implements store.AccountTx.
func (t *Tx) AccountAlias(account string) (string, error) {
	return one(t, "alias of account", account, scanString, "SELECT alias FROM account_aliases WHERE account = ?", account)
}

// DeleteAccountAlias implements store.AccountTx.
func (t *Tx) DeleteAccountAlias(account string) error {
	return t.change("alias of account", account, "DELETE FROM account_aliases WHERE account = ?", account)
}
