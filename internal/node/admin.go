package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/audit"
	"sojourn/internal/authn"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/store"
)

// Bounds of the administrator's credentials.
const (
	minAdminSession = time.Second
	maxAdminSession = 12 * time.Hour
)

// Admin is the data directory opened by who may read it, beside a running
// server or without one. Whoever can read the directory is the administrator.
type Admin struct {
	place Place
	dir   dataDir
	keys  *seal.Keyring
	store store.Store
	audit *audit.Log
}

// OpenAdmin opens a data directory that a server has made, with all data in it.
func OpenAdmin(ctx context.Context, data string) (*Admin, error) {
	return Place{Data: data}.OpenAdmin(ctx)
}

// OpenAdmin opens the data of a server that has run at the place.
func (p Place) OpenAdmin(ctx context.Context) (*Admin, error) {
	if err := errors.Join(p.check(), p.hasRun()); err != nil {
		return nil, err
	}
	d := p.dir()
	keys, err := seal.LoadKeyring(p.rootKeys())
	if err != nil {
		return nil, err
	}
	st, err := p.openStore(ctx)
	if err != nil {
		return nil, err
	}
	roots := &rootKeys{path: p.rootKeys(), store: st, keys: keys, now: time.Now, log: slog.New(slog.DiscardHandler)}
	if err := roots.settle(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	log, err := audit.OpenWith(audit.Options{Dir: d.audit(), Keys: d.keys(), Mode: audit.Strict})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &Admin{place: p, dir: d, keys: keys, store: st, audit: log}, nil
}

// Decisions returns what the audit log in a data directory has of one request.
// It needs no server, and opens nothing but the log.
func Decisions(ctx context.Context, data, requestID string) ([]audit.Record, error) {
	d := dataDir(data)
	if _, err := os.Stat(d.audit()); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("data %q: no server has run here", data)
	} else if err != nil {
		return nil, err
	}
	return audit.Find(ctx, d.audit(), requestID)
}

// Close ends the use of the directory.
func (a *Admin) Close() error { return errors.Join(a.audit.Close(), a.store.Close()) }

// Credentials issues temporary credentials of an account's root, and records
// that it did. An empty account means the only one.
func (a *Admin) Credentials(ctx context.Context, account string, life time.Duration, now time.Time) (seal.Issued, error) {
	if life < minAdminSession || life > maxAdminSession {
		return seal.Issued{}, fmt.Errorf("duration %s: want %s to %s", life, minAdminSession, maxAdminSession)
	}
	account, err := a.account(ctx, account)
	if err != nil {
		return seal.Issued{}, err
	}
	s := principal.Session{Kind: principal.Root, Account: account, ID: account, Issued: now, Expires: now.Add(life)}
	begin, err := a.sessions(now).Begin(ctx, &principal.Caller{}, &s)
	if err != nil {
		return seal.Issued{}, err
	}
	if !s.Expires.After(begin) {
		s.Expires = begin.Add(time.Second)
	}
	issued, err := a.keys.Issue(s, begin)
	if err != nil {
		return seal.Issued{}, err
	}
	r := administration("AdminCredentials", account, arn.IAM(account, "root"), "", now)
	r.Issued = &audit.Issued{AccessKeyID: issued.AccessKeyID, Expires: issued.Expires, UserID: s.UserID(), ARN: s.ARN()}
	return issued, a.audit.Record(r)
}

func (a *Admin) account(ctx context.Context, id string) (string, error) {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return "", err
	}
	if id == "" {
		if len(accounts) != 1 {
			return "", fmt.Errorf("account: there are %d; name one with --account ID (\"sojourn admin account list\" lists them)", len(accounts))
		}
		return accounts[0].ID, nil
	}
	for _, a := range accounts {
		if a.ID == id {
			return id, nil
		}
	}
	return "", fmt.Errorf("account %q: there is none; \"sojourn admin account list\" lists them", id)
}

// Accounts lists the accounts by id.
func (a *Admin) Accounts(ctx context.Context) (list []store.Account, err error) {
	err = a.store.View(ctx, func(tx store.Tx) error {
		list, err = tx.Accounts()
		return err
	})
	return list, err
}

// CreateAccount makes an account. Its id is 12 digits and not taken.
func (a *Admin) CreateAccount(ctx context.Context, id, name string, now time.Time) error {
	if !arn.IsAccount(id) {
		return fmt.Errorf("id %q: want 12 digits", id)
	}
	if name == "" || len(name) > 50 {
		return errors.New("name: want 1 to 50 characters")
	}
	if err := a.record("CreateAccount", id, arn.IAM(id, "root"), "", now); err != nil {
		return err
	}
	err := a.store.Update(ctx, func(tx store.Tx) error {
		return tx.InsertAccount(store.Account{ID: id, Name: name, Created: now.UTC()})
	})
	if errors.Is(err, store.ErrExists) {
		return fmt.Errorf("id %q: the account exists already", id)
	}
	return err
}

// sessions knows which sessions are revoked, at a time.
func (a *Admin) sessions(now time.Time) *authn.Authenticator {
	return &authn.Authenticator{Keys: a.keys, Store: a.store, Now: func() time.Time { return now }}
}

// operator is who runs this process, by the operating system.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// record notes an administrator's act.
func (a *Admin) record(act, account, resource, key string, now time.Time) error {
	return a.recordWith(act, account, resource, key, nil, now)
}

func (a *Admin) recordWith(act, account, resource, key string, params map[string]string, now time.Time) error {
	r := administration(act, account, resource, key, now)
	r.Params = params
	return a.audit.Record(r)
}

// administration is an administrator's act, under the operating system's user.
func administration(act, account, resource, key string, now time.Time) audit.Record {
	who := operator()
	program, _ := os.Executable()
	return audit.Record{
		Service: true, EventID: seal.NewID("ADMN"), EventTime: now.UTC(), EventSource: "sojourn.admin", EventName: act,
		Identity:  audit.Identity{Type: "Administrator", PrincipalID: who, AccessKeyID: key},
		UserAgent: filepath.Base(program), Resource: resource, Account: account, Decision: "Allow",
	}
}
