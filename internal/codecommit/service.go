// Package codecommit answers CodeCommit's operations on repositories and
// branches.
//
// It owns the rules that the API models do not state: which names a repository
// may have, tags, limits, the order and pages of lists, what is idempotent. It
// does not own refs and objects (package git writes them, a branch is changed in
// the way a push changes it), nor the decision about the caller (package gate).
//
// Each operation loads the repository first, for a policy may speak of its tags,
// then asks the gate, and only then says that a repository does not exist: who
// may not see it cannot tell it from one that is not there.
package codecommit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Git writes refs and knows objects.
type Git interface {
	UpdateRefs(ctx context.Context, repoID, actor string, updates []git.RefUpdate, atomic bool) ([]git.RefResult, error)
	ObjectType(ctx context.Context, repoID, oid string) (string, error)
}

// Options are what a Service works with; all are required.
type Options struct {
	Store  store.Store
	Gate   Gate
	Git    Git
	Now    func() time.Time
	Region string
	// CloneURL is the URL at which the repository of this name is cloned.
	CloneURL func(name string) string
}

// Service answers CodeCommit operations for one region.
type Service struct {
	store    store.Store
	gate     Gate
	git      Git
	now      func() time.Time
	region   string
	cloneURL func(name string) string
	page     int // entries in one answer of a list
}

// pageSize is as large as the limit on repositories, so that a caller who asks
// once gets them all, as on AWS.
const pageSize = 1000

// New makes a service.
func New(o Options) *Service {
	return &Service{store: o.Store, gate: o.Gate, git: o.Git, now: o.Now, region: o.Region, cloneURL: o.CloneURL, page: pageSize}
}

// subject is the repository that an operation is about. found is false when
// there is none of that name.
type subject struct {
	store.Repository
	found bool
}

// find looks a repository up by its name in the caller's account.
func (s *Service) find(ctx context.Context, c *principal.Caller, name string) (subject, error) {
	var r store.Repository
	err := s.store.View(ctx, func(tx store.Tx) (err error) {
		r, err = tx.Repository(c.Account, s.region, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return subject{Repository: store.Repository{Account: c.Account, Region: s.region, Name: name}}, nil
	}
	if err != nil {
		return subject{}, fault(err, "loading repository %q", name)
	}
	return subject{Repository: r, found: true}, nil
}

// may asks the gate for an action on r. keys are condition keys of this act,
// which are recorded as well.
func (s *Service) may(ctx context.Context, c *principal.Caller, action string, r subject, keys map[string][]string) error {
	params := map[string]string{"repositoryName": r.Name}
	for name, values := range keys {
		if len(values) == 1 {
			params[name] = values[0]
		}
	}
	return s.gate.Authorize(ctx, c, gate.Request{
		Action: "codecommit:" + action, Resource: arn.Repository(s.region, r.Account, r.Name), ResourceAccount: r.Account,
		ResourceTags: r.Tags, Context: keys, Params: params,
	})
}

// open is the beginning of an operation on one repository that must exist.
func (s *Service) open(ctx context.Context, c *principal.Caller, action string, name *string, keys map[string][]string) (store.Repository, error) {
	checked, err := repositoryName(name)
	if err != nil {
		return store.Repository{}, err
	}
	r, err := s.find(ctx, c, checked)
	if err != nil {
		return store.Repository{}, err
	}
	if err := s.may(ctx, c, action, r, keys); err != nil {
		return store.Repository{}, err
	}
	if !r.found {
		return store.Repository{}, absent(checked)
	}
	return r.Repository, nil
}

// change runs f on the repository's row in a transaction of its own and stores
// what f has made of it, with the time of the change. A repository that went
// away or has got another name since the gate decided does not exist.
func (s *Service) change(ctx context.Context, r store.Repository, f func(store.Tx, *store.Repository) error) error {
	err := s.store.Update(ctx, func(tx store.Tx) error {
		row, err := lock(tx, r)
		if err != nil {
			return err
		}
		if err := f(tx, &row); err != nil {
			return err
		}
		row.Modified = s.stamp()
		return tx.UpdateRepository(row)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return absent(r.Name)
	case err != nil:
		return fault(err, "changing repository %q", r.Name)
	}
	return nil
}

// lock reads the row again for a change of what the gate has decided about.
func lock(tx store.Tx, r store.Repository) (store.Repository, error) {
	row, err := tx.LockRepository(r.ID)
	if err == nil && row.Name != r.Name {
		err = store.ErrNotFound
	}
	return row, err
}

// stamp is the time in the store's resolution.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

func absent(name string) error {
	return codecommitwire.NewRepositoryDoesNotExist("%s does not exist", name)
}

// fault passes on an answer to the caller and wraps anything else.
func fault(err error, format string, args ...any) error {
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return e
	}
	return awserr.Internal(fmt.Errorf(format+": %w", append(args, err)...))
}

// value is what p points to, or the zero value.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
