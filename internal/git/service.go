package git

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/git/gitexec"
	"sojourn/internal/git/gitproto"
	"sojourn/internal/principal"
	"sojourn/internal/store"
)

// The actions that Git is authorised by, as on AWS.
const (
	actionPull = "codecommit:GitPull"
	actionPush = "codecommit:GitPush"
)

// keyReferences is the condition key with a push's ref. At info/refs it is
// absent, for the refs are not known yet.
const keyReferences = "codecommit:references"

// Gate decides and records.
type Gate interface {
	Authorize(ctx context.Context, c *principal.Caller, r gate.Request) error
}

// Sessions knows whether what let a caller in would let it in now.
type Sessions interface {
	// Still returns why not: the session has ended or is revoked, the key is
	// inactive, the principal is gone.
	Still(ctx context.Context, c *principal.Caller) error
}

// Service serves repositories to callers, by name in the caller's account.
type Service struct {
	engine   *Engine
	gate     Gate
	sessions Sessions
	region   string
}

// NewService makes a service over an engine.
func NewService(e *Engine, g Gate, s Sessions, region string) *Service {
	return &Service{e, g, s, region}
}

// request is what the gate is asked about a repository.
func (s *Service) request(c *principal.Caller, action, name string, row *store.Repository) gate.Request {
	return gate.Request{
		Action: action, Resource: arn.Repository(s.region, c.Account, name), ResourceTags: row.Tags,
		Params: map[string]string{"repositoryName": name},
	}
}

// find asks the gate for an action on a repository. Only who may do it learns
// that a repository is not there.
func (s *Service) find(ctx context.Context, c *principal.Caller, action, name string) (store.Repository, error) {
	row, err := s.engine.find(ctx, byName(c.Account, s.region, name))
	if err != nil && !errors.Is(err, ErrNoRepository) {
		return row, err
	}
	if denied := s.gate.Authorize(ctx, c, s.request(c, action, name, &row)); denied != nil {
		return row, denied
	}
	return row, err
}

// Advertise is the answer to info/refs: the refs, in version 2 of a fetch the
// capabilities alone. It must not be changed.
func (s *Service) Advertise(ctx context.Context, c *principal.Caller, name string, service gitproto.Service, version int) ([]byte, error) {
	action := actionPull
	if service == gitproto.ReceivePack {
		action = actionPush
		if version == 2 { // which a push does not have: git falls back to 0
			version = 0
		}
	}
	row, err := s.find(ctx, c, action, name)
	if err == nil { // here git shows its user why
		err = outward(s.engine.git.Busy(onBehalf(ctx, c)))
	}
	if err != nil {
		return nil, err
	}
	if version == 2 {
		return v2Advert, nil
	}
	_, snap, err := s.engine.refsOf(ctx, &row)
	if err != nil {
		return nil, err
	}
	return snap.advert(service, version), nil
}

var v2Advert = gitproto.V2Advert()

// UploadPack answers one request of a fetch. Out may have a method Flush, which
// is called when what was written should not wait; so for ReceivePack.
func (s *Service) UploadPack(ctx context.Context, c *principal.Caller, name string, version int, in io.Reader, out io.Writer) error {
	row, err := s.find(ctx, c, actionPull, name)
	if err != nil {
		return err
	}
	r, snap, err := s.engine.refsOf(ctx, &row)
	if err != nil {
		return err
	}
	return outward(s.engine.fetch(onBehalf(ctx, c), r, snap, version, in, out))
}

// ReceivePack does one push: each ref is decided by itself.
func (s *Service) ReceivePack(ctx context.Context, c *principal.Caller, name string, in io.Reader, out io.Writer) error {
	row, err := s.find(ctx, c, actionPush, name)
	if err != nil {
		return err
	}
	r, snap, err := s.engine.refsOf(ctx, &row)
	if err != nil {
		return err
	}
	by := approval{
		may: func(ctx context.Context, updates []RefUpdate) ([]error, error) {
			return s.mayPush(ctx, c, name, &row, updates)
		},
		still: func(ctx context.Context) error { return s.still(ctx, c) },
	}
	return outward(s.engine.push(onBehalf(ctx, c), r, snap, c.ARN(), by, in, out))
}

// still is a denial where the caller's session has ended or is revoked.
func (s *Service) still(ctx context.Context, c *principal.Caller) error {
	err := s.sessions.Still(ctx, c)
	if e := awserr.From(err); err != nil && e.Status == http.StatusForbidden {
		return denial{strings.TrimSuffix(e.Message, ".") + ". Nothing was pushed; sign in for new credentials and push again (request " + c.RequestID + ")"}
	}
	return err
}

func (s *Service) mayPush(ctx context.Context, c *principal.Caller, name string, row *store.Repository, updates []RefUpdate) ([]error, error) {
	if now, err := s.engine.find(ctx, byName(c.Account, s.region, name)); err != nil || now.ID != row.ID {
		return nil, cmp.Or(err, ErrNoRepository)
	}
	errs := make([]error, len(updates))
	for i, u := range updates {
		r := s.request(c, actionPush, name, row)
		r.Context = map[string][]string{keyReferences: {u.Name}}
		r.Params = map[string]string{"repositoryName": name, "reference": u.Name, "oldCommitId": u.Old, "commitId": u.New}
		err := s.gate.Authorize(ctx, c, r)
		switch {
		case awserr.Is(err, awserr.AccessDenied):
			errs[i] = denial{awserr.From(err).Message + " (request " + c.RequestID + ")"}
		case err != nil:
			return nil, err
		}
	}
	return errs, nil
}

// onBehalf makes processes count as the caller's: as the role's or user's, for
// sessions are for the asking.
func onBehalf(ctx context.Context, c *principal.Caller) context.Context {
	return gitexec.OnBehalf(ctx, gitexec.Owner{Account: c.Account, Principal: c.Session.ID})
}

// outward words in AWS's terms what is not a fault of ours.
func outward(err error) error {
	busy, isBusy := errors.AsType[*gitexec.BusyError](err)
	switch {
	case isBusy && busy.Own:
		e := awserr.TooSoon(busy.Retry, "too many of your fetches and pushes are running or waiting")
		e.Status, e.Cause = http.StatusTooManyRequests, err
		return e
	case isBusy:
		return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusServiceUnavailable, Wait: busy.Retry,
			Message: "The server is busy with other fetches and pushes. Try again in a minute.", Cause: err}
	case cannotWrite(err):
		return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusInsufficientStorage, Cause: err,
			Message: "The server cannot write to its disk, which is full or read-only. Tell its administrator."}
	case errors.Is(err, gitexec.ErrSlow):
		return &awserr.Error{Code: awserr.ServiceUnavailable, Status: http.StatusRequestTimeout, Message: "The connection is too slow. Try again on a faster one, or push less at a time.", Cause: err}
	case errors.Is(err, errTooLarge):
		return &awserr.Error{Code: awserr.ValidationError, Status: http.StatusRequestEntityTooLarge, Message: "The push is larger than this server permits. Push less history at a time.", Cause: err}
	}
	return err
}
