package storetest

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"sojourn/internal/store"
)

var transactionTests = map[string]func(*testing.T, *database){
	"CommitsAndReopens":    commitsAndReopens,
	"ReadsItsWrites":       readsItsWrites,
	"ErrorRollsBack":       errorRollsBack,
	"PanicRollsBack":       panicRollsBack,
	"GoexitRollsBack":      goexitRollsBack,
	"AnswersDoNotEndIt":    answersDoNotEndIt,
	"ViewCannotWrite":      viewCannotWrite,
	"ViewReturnsError":     viewReturnsError,
	"EndedContext":         endedContext,
	"ContextEndsWithin":    contextEndsWithin,
	"TxIsOfNoUseAfterward": txIsOfNoUseAfterward,
	"Closed":               closed,
	"Ping":                 ping,
	"VersionGrows":         versionGrows,
}

// versionGrows: no change is behind a version that was told before it.
func versionGrows(t *testing.T, db *database) {
	for _, id := range []string{"111122223333", "444455556666"} {
		before := db.Version()
		db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, id)) })
		if after := db.Version(); after <= before {
			t.Errorf("version %d before an update, %d after it", before, after)
		}
	}
}

func addAccount(tx store.Tx, id string) error {
	return tx.InsertAccount(store.Account{ID: id, Name: "name of " + id, Created: epoch})
}

// accounts are the ids that are committed.
func (db *database) accounts(t *testing.T) []string {
	t.Helper()
	var list []store.Account
	db.view(t, func(tx store.Tx) {
		var err error
		list, err = tx.Accounts()
		ok(t, err)
	})
	return names(list, func(a store.Account) string { return a.ID })
}

func (db *database) hasAccounts(t *testing.T, want ...string) {
	t.Helper()
	equal(t, "accounts", db.accounts(t), nil, want)
}

func commitsAndReopens(t *testing.T, db *database) {
	db.hasAccounts(t)
	db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, account)) })
	db.hasAccounts(t, account)
	again := &database{Store: db.another(t)} // while the first is open, as after a crash
	again.hasAccounts(t, account)
	ok(t, db.Close())
	again.update(t, func(tx store.Tx) { ok(t, addAccount(tx, other)) })
	ok(t, again.Close())
	(&database{Store: db.another(t)}).hasAccounts(t, account, other)
}

func readsItsWrites(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, addAccount(tx, account))
		a, err := tx.Account(account)
		equal(t, "Account", a, err, store.Account{ID: account, Name: "name of " + account, Created: epoch})
	})
}

func errorRollsBack(t *testing.T, db *database) {
	mine := errors.New("mine")
	err := db.Update(t.Context(), func(tx store.Tx) error {
		ok(t, addAccount(tx, account))
		return mine
	})
	if err != mine { //nolint:errorlint // the contract is "as it is"
		t.Fatalf("Update: %v, want the function's error as it is", err)
	}
	db.hasAccounts(t)
	db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, account)) })
	db.hasAccounts(t, account)
}

func panicRollsBack(t *testing.T, db *database) {
	for _, run := range []func(context.Context, func(store.Tx) error) error{db.Update, db.View} {
		func() {
			defer func() {
				if p := recover(); p != "mine" {
					t.Fatalf("recovered %v, want the function's panic", p)
				}
			}()
			_ = run(t.Context(), func(tx store.Tx) error {
				_ = addAccount(tx, account)
				panic("mine")
			})
		}()
	}
	db.hasAccounts(t)
	db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, account)) })
	db.hasAccounts(t, account)
}

// A test's Fatal within a transaction ends its goroutine; the store must live.
func goexitRollsBack(t *testing.T, db *database) {
	for _, run := range []func(context.Context, func(store.Tx) error) error{db.Update, db.View} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = run(t.Context(), func(tx store.Tx) error {
				_ = addAccount(tx, account)
				runtime.Goexit()
				return nil
			})
		}()
		<-ended
	}
	db.update(t, func(tx store.Tx) { ok(t, addAccount(tx, other)) })
	db.hasAccounts(t, other)
}

func answersDoNotEndIt(t *testing.T, db *database) {
	db.update(t, func(tx store.Tx) {
		ok(t, addAccount(tx, account))
		is(t, "InsertAccount", addAccount(tx, account), store.ErrExists)
		_, err := tx.Account("000000000000")
		is(t, "Account", err, store.ErrNotFound)
		ok(t, tx.InsertUser(store.User{Account: account, Name: "a", ID: "AIDA1"}))
		ok(t, tx.InsertUser(store.User{Account: account, Name: "b", ID: "AIDA2"}))
		is(t, "UpdateUser", tx.UpdateUser(store.User{Account: account, Name: "A", ID: "AIDA2"}), store.ErrExists)
		ok(t, addAccount(tx, other))
	})
	db.hasAccounts(t, account, other)
}

func viewCannotWrite(t *testing.T, db *database) {
	err := db.View(t.Context(), func(tx store.Tx) error {
		if err := addAccount(tx, account); err == nil {
			t.Error("writing in a View: no error")
		}
		return nil
	})
	if err == nil {
		t.Error("a View that wrote: no error")
	}
	db.hasAccounts(t)
}

func viewReturnsError(t *testing.T, db *database) {
	mine := errors.New("mine")
	if err := db.View(t.Context(), func(store.Tx) error { return mine }); err != mine { //nolint:errorlint // as it is
		t.Fatalf("View: %v, want the function's error as it is", err)
	}
}

func endedContext(t *testing.T, db *database) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	write := func(tx store.Tx) error { return addAccount(tx, account) }
	is(t, "Update", db.Update(ctx, write), context.Canceled)
	is(t, "View", db.View(ctx, func(tx store.Tx) error { _, err := tx.Accounts(); return err }), context.Canceled)
	is(t, "Ping", db.Ping(ctx), context.Canceled)
	db.hasAccounts(t)
}

// Whoever went away in the middle has changed nothing, even if the function
// does not look at its errors.
func contextEndsWithin(t *testing.T, db *database) {
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx store.Tx) error {
		ok(t, addAccount(tx, account))
		cancel()
		is(t, "InsertAccount", addAccount(tx, other), context.Canceled)
		return nil
	})
	is(t, "Update", err, context.Canceled)
	db.hasAccounts(t)

	ctx, cancel = context.WithCancel(t.Context())
	err = db.Update(ctx, func(tx store.Tx) error {
		defer cancel()
		return addAccount(tx, account)
	})
	if err != nil { // it may have come too late to matter, but then the row is there
		is(t, "Update", err, context.Canceled)
		db.hasAccounts(t)
	} else {
		db.hasAccounts(t, account)
	}

	ctx, cancel = context.WithCancel(t.Context())
	err = db.View(ctx, func(tx store.Tx) error {
		cancel()
		_, err := tx.Accounts()
		return err
	})
	is(t, "View", err, context.Canceled)
}

func txIsOfNoUseAfterward(t *testing.T, db *database) {
	var kept []store.Tx
	keep := func(tx store.Tx) { kept = append(kept, tx) }
	db.update(t, keep)
	db.view(t, keep)
	failed := errors.New("failed")
	is(t, "Update", db.Update(t.Context(), func(tx store.Tx) error { keep(tx); return failed }), failed)
	for _, tx := range kept {
		if _, err := tx.Accounts(); err == nil {
			t.Error("reading with a Tx after its end: no error")
		}
		if err := addAccount(tx, account); err == nil {
			t.Error("writing with a Tx after its end: no error")
		}
	}
	db.hasAccounts(t)
}

func closed(t *testing.T, db *database) {
	ok(t, db.Close())
	ok(t, db.Close())
	nothing := func(store.Tx) error { return nil }
	for what, err := range map[string]error{
		"Update": db.Update(t.Context(), nothing),
		"View":   db.View(t.Context(), nothing),
		"Ping":   db.Ping(t.Context()),
	} {
		if err == nil {
			t.Errorf("%s of a closed store: no error", what)
		}
	}
}

func ping(t *testing.T, db *database) { ok(t, db.Ping(t.Context())) }
