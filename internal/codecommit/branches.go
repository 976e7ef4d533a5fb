package codecommit

import (
	"context"
	"errors"
	"strings"

	"sojourn/internal/git"
	"sojourn/internal/principal"
	"sojourn/internal/refname"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

// ListBranches lists the branches by name.
func (s *Service) ListBranches(ctx context.Context, c *principal.Caller, in *codecommitwire.ListBranchesInput) (*codecommitwire.ListBranchesOutput, error) {
	r, err := s.open(ctx, c, "ListBranches", in.RepositoryName, nil)
	if err != nil {
		return nil, err
	}
	scope := "branches " + r.ID
	after, err := readToken(scope, in.NextToken)
	if err != nil {
		return nil, err
	}
	var refs []store.Ref
	err = s.store.View(ctx, func(tx store.Tx) (err error) {
		refs, err = tx.Refs(r.ID, store.Page{Prefix: refname.Heads, After: after, Limit: s.page + 1})
		return err
	})
	if err != nil {
		return nil, fault(err, "listing the branches of %q", r.Name)
	}
	out := &codecommitwire.ListBranchesOutput{Branches: []string{}}
	if len(refs) > s.page {
		refs = refs[:s.page]
		out.NextToken = new(newToken(scope, refs[len(refs)-1].Name))
	}
	for _, ref := range refs {
		out.Branches = append(out.Branches, strings.TrimPrefix(ref.Name, refname.Heads))
	}
	return out, nil
}

// GetBranch tells which commit a branch is at.
func (s *Service) GetBranch(ctx context.Context, c *principal.Caller, in *codecommitwire.GetBranchInput) (*codecommitwire.GetBranchOutput, error) {
	name, err := branchName(in.BranchName)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, c, "GetBranch", in.RepositoryName, nil)
	if err != nil {
		return nil, err
	}
	oid, err := s.tip(ctx, r, name)
	if err != nil {
		return nil, err
	}
	if oid == "" {
		return nil, noBranch(name)
	}
	return &codecommitwire.GetBranchOutput{Branch: branchInfo(name, oid)}, nil
}

// tip is the commit that a branch is at, "" when there is no such branch.
func (s *Service) tip(ctx context.Context, r store.Repository, name string) (oid string, err error) {
	err = s.store.View(ctx, func(tx store.Tx) error {
		refs, err := tx.RefsNamed(r.ID, []string{refname.Heads + name})
		oid = refs[refname.Heads+name].OID
		return err
	})
	if err != nil {
		return "", fault(err, "reading branch %q of %q", name, r.Name)
	}
	return oid, nil
}

// CreateBranch makes a branch at a commit that the repository has. It becomes
// the default branch only where there is no branch at all.
func (s *Service) CreateBranch(ctx context.Context, c *principal.Caller, in *codecommitwire.CreateBranchInput) (*codecommitwire.CreateBranchOutput, error) {
	name, err := branchName(in.BranchName)
	if err != nil {
		return nil, err
	}
	oid, err := commitID(in.CommitId)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, c, "CreateBranch", in.RepositoryName, references(name))
	if err != nil {
		return nil, err
	}
	kind, err := s.git.ObjectType(ctx, r.ID, oid)
	if err != nil {
		return nil, gitFault(err, r)
	}
	if kind != "commit" {
		return nil, noCommit(oid)
	}
	refused, err := s.update(ctx, c, r, git.RefUpdate{Name: refname.Heads + name, New: oid})
	switch {
	case err != nil:
		return nil, err
	case errors.Is(refused, git.ErrExists), errors.Is(refused, git.ErrStale):
		return nil, codecommitwire.NewBranchNameExists("The branch %s already exists.", name)
	case errors.Is(refused, git.ErrConflict):
		return nil, codecommitwire.NewInvalidBranchName("The branch %s cannot exist: %s.", name, refused)
	case errors.Is(refused, git.ErrMissing), errors.Is(refused, git.ErrNotCommit):
		return nil, noCommit(oid)
	case refused != nil:
		return nil, fault(refused, "creating branch %q of %q", name, r.Name)
	}
	return new(codecommitwire.CreateBranchOutput), nil
}

// DeleteBranch deletes a branch; one that is not there is deleted already. The
// default branch stays.
func (s *Service) DeleteBranch(ctx context.Context, c *principal.Caller, in *codecommitwire.DeleteBranchInput) (*codecommitwire.DeleteBranchOutput, error) {
	name, err := branchName(in.BranchName)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, c, "DeleteBranch", in.RepositoryName, references(name))
	if err != nil {
		return nil, err
	}
	for range deleteTries {
		oid, err := s.tip(ctx, r, name)
		if err != nil {
			return nil, err
		}
		if oid == "" {
			return new(codecommitwire.DeleteBranchOutput), nil
		}
		refused, err := s.update(ctx, c, r, git.RefUpdate{Name: refname.Heads + name, Old: oid})
		switch {
		case err != nil:
			return nil, err
		case refused == nil:
			return &codecommitwire.DeleteBranchOutput{DeletedBranch: branchInfo(name, oid)}, nil
		case errors.Is(refused, git.ErrDefaultBranch):
			return nil, codecommitwire.NewDefaultBranchCannotBeDeleted("The branch %s is the default branch and cannot be deleted.", name)
		case !errors.Is(refused, git.ErrStale) && !errors.Is(refused, git.ErrAbsent):
			return nil, fault(refused, "deleting branch %q of %q", name, r.Name)
		}
	}
	return nil, fault(errors.New("it changes faster than it can be deleted"), "deleting branch %q of %q", name, r.Name)
}

// deleteTries bounds how often a deletion that a push overtook is tried again.
const deleteTries = 5

// update changes one branch. refused is why the branch was not changed, in the
// words of package git; err is anything else.
func (s *Service) update(ctx context.Context, c *principal.Caller, r store.Repository, u git.RefUpdate) (refused, err error) {
	results, err := s.git.UpdateRefs(ctx, r.ID, c.ARN(), []git.RefUpdate{u}, true)
	if err == nil && (len(results) != 1 || results[0].Name != u.Name) {
		err = errors.New("the answer is about another ref")
	}
	if err != nil {
		return nil, gitFault(err, r)
	}
	return results[0].Err, nil
}

// gitFault is an error of package git that is not about one ref.
func gitFault(err error, r store.Repository) error {
	if errors.Is(err, git.ErrNoRepository) {
		return absent(r.Name)
	}
	return fault(err, "the refs and objects of %q", r.Name)
}

// UpdateDefaultBranch makes an existing branch the one that a clone checks out.
func (s *Service) UpdateDefaultBranch(ctx context.Context, c *principal.Caller, in *codecommitwire.UpdateDefaultBranchInput) (*codecommitwire.UpdateDefaultBranchOutput, error) {
	name, err := branchName(in.DefaultBranchName)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, c, "UpdateDefaultBranch", in.RepositoryName, nil)
	if err != nil {
		return nil, err
	}
	full := refname.Heads + name
	err = s.change(ctx, r, func(tx store.Tx, row *store.Repository) error {
		refs, err := tx.RefsNamed(r.ID, []string{full})
		if err != nil {
			return err
		}
		if _, there := refs[full]; !there {
			return noBranch(name)
		}
		row.Head = full
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(codecommitwire.UpdateDefaultBranchOutput), nil
}

// references is the condition key of acts on one branch.
func references(branch string) map[string][]string {
	return map[string][]string{"codecommit:references": {refname.Heads + branch}}
}

func branchInfo(name, oid string) *codecommitwire.BranchInfo {
	return &codecommitwire.BranchInfo{BranchName: new(name), CommitId: new(oid)}
}

func noBranch(name string) error {
	return codecommitwire.NewBranchDoesNotExist("The branch %s does not exist.", name)
}

func noCommit(oid string) error {
	return codecommitwire.NewCommitDoesNotExist("The commit %s does not exist in the repository.", oid)
}
