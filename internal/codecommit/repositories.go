package codecommit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/principal"
	"sojourn/internal/refname"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

// maxRepositories is the limit in one account and region.
const maxRepositories = 1000

// CreateRepository makes an empty repository.
func (s *Service) CreateRepository(ctx context.Context, c *principal.Caller, in *codecommitwire.CreateRepositoryInput) (*codecommitwire.CreateRepositoryOutput, error) {
	r, err := s.planned(c, in)
	if err != nil {
		return nil, err
	}
	if err := s.may(ctx, c, "CreateRepository", subject{Repository: store.Repository{Account: r.Account, Name: r.Name}}, requestTags(r.Tags)); err != nil {
		return nil, err
	}
	if err := s.insert(ctx, r); err != nil {
		return nil, err
	}
	return &codecommitwire.CreateRepositoryOutput{RepositoryMetadata: s.metadata(r)}, nil
}

// planned is the repository that a request asks for.
func (s *Service) planned(c *principal.Caller, in *codecommitwire.CreateRepositoryInput) (store.Repository, error) {
	r := store.Repository{ID: newID(), Account: c.Account, Region: s.region, Created: s.stamp()}
	r.Modified = r.Created
	var err error
	if r.Name, err = repositoryName(in.RepositoryName); err != nil {
		return r, err
	}
	if r.Description, err = description(in.RepositoryDescription); err != nil {
		return r, err
	}
	if r.Tags, err = tagsOf(in.Tags); err != nil {
		return r, err
	}
	if in.KmsKeyId != nil {
		return r, codecommitwire.NewOperationNotAllowed("Encryption keys of your own are not supported: leave kmsKeyId out.")
	}
	return r, nil
}

func (s *Service) insert(ctx context.Context, r store.Repository) error {
	err := s.store.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Repository(r.Account, r.Region, r.Name); !errors.Is(err, store.ErrNotFound) {
			if err == nil {
				err = store.ErrExists
			}
			return err
		}
		n, err := tx.CountRepositories(r.Account, r.Region)
		if err != nil {
			return err
		}
		if n >= maxRepositories {
			return codecommitwire.NewRepositoryLimitExceeded("The account has %d repositories in this region, which is the limit.", n)
		}
		return tx.InsertRepository(r)
	})
	if errors.Is(err, store.ErrExists) {
		return nameTaken(r.Name)
	}
	if err != nil {
		return fault(err, "creating repository %q", r.Name)
	}
	return nil
}

// GetRepository tells about one repository.
func (s *Service) GetRepository(ctx context.Context, c *principal.Caller, in *codecommitwire.GetRepositoryInput) (*codecommitwire.GetRepositoryOutput, error) {
	r, err := s.open(ctx, c, "GetRepository", in.RepositoryName, nil)
	if err != nil {
		return nil, err
	}
	return &codecommitwire.GetRepositoryOutput{RepositoryMetadata: s.metadata(r)}, nil
}

// DeleteRepository deletes a repository; one that is not there is deleted already.
func (s *Service) DeleteRepository(ctx context.Context, c *principal.Caller, in *codecommitwire.DeleteRepositoryInput) (*codecommitwire.DeleteRepositoryOutput, error) {
	name, err := repositoryName(in.RepositoryName)
	if err != nil {
		return nil, err
	}
	r, err := s.find(ctx, c, name)
	if err != nil {
		return nil, err
	}
	if err := s.may(ctx, c, "DeleteRepository", r, nil); err != nil {
		return nil, err
	}
	if !r.found {
		return new(codecommitwire.DeleteRepositoryOutput), nil
	}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		if _, err := lock(tx, r.Repository); err != nil {
			return err
		}
		return tx.DeleteRepository(r.ID, s.now().Unix())
	})
	if errors.Is(err, store.ErrNotFound) {
		return new(codecommitwire.DeleteRepositoryOutput), nil
	}
	if err != nil {
		return nil, fault(err, "deleting repository %q", name)
	}
	return &codecommitwire.DeleteRepositoryOutput{RepositoryId: new(r.ID)}, nil
}

// UpdateRepositoryName renames a repository. It needs the permission for the
// old and for the new name.
func (s *Service) UpdateRepositoryName(ctx context.Context, c *principal.Caller, in *codecommitwire.UpdateRepositoryNameInput) (*codecommitwire.UpdateRepositoryNameOutput, error) {
	from, err := repositoryName(in.OldName)
	if err != nil {
		return nil, err
	}
	to, err := repositoryName(in.NewName)
	if err != nil {
		return nil, err
	}
	r, err := s.find(ctx, c, from)
	if err != nil {
		return nil, err
	}
	renamed := r
	renamed.Name = to
	for _, side := range []subject{r, renamed} {
		if err := s.may(ctx, c, "UpdateRepositoryName", side, nil); err != nil {
			return nil, err
		}
	}
	if !r.found {
		return nil, absent(from)
	}
	if err := s.rename(ctx, r.Repository, to); err != nil {
		return nil, err
	}
	return new(codecommitwire.UpdateRepositoryNameOutput), nil
}

func (s *Service) rename(ctx context.Context, r store.Repository, to string) error {
	return s.change(ctx, r, func(tx store.Tx, row *store.Repository) error {
		_, err := tx.Repository(r.Account, r.Region, to)
		if err == nil {
			return nameTaken(to)
		}
		row.Name = to
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
}

// UpdateRepositoryDescription sets the description; none given clears it.
func (s *Service) UpdateRepositoryDescription(ctx context.Context, c *principal.Caller, in *codecommitwire.UpdateRepositoryDescriptionInput) (*codecommitwire.UpdateRepositoryDescriptionOutput, error) {
	text, err := description(in.RepositoryDescription)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, c, "UpdateRepositoryDescription", in.RepositoryName, nil)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, r, func(_ store.Tx, row *store.Repository) error {
		row.Description = text
		return nil
	})
	if err != nil {
		return nil, err
	}
	return new(codecommitwire.UpdateRepositoryDescriptionOutput), nil
}

// metadata is a repository as answers show it. There is no SSH and no key of
// one's own, so those members are absent.
func (s *Service) metadata(r store.Repository) *codecommitwire.RepositoryMetadata {
	m := &codecommitwire.RepositoryMetadata{
		AccountId: new(r.Account), RepositoryId: new(r.ID), RepositoryName: new(r.Name),
		CreationDate: new(r.Created), LastModifiedDate: new(r.Modified),
		CloneUrlHttp: new(s.cloneURL(r.Name)), Arn: new(arn.Repository(r.Region, r.Account, r.Name)),
	}
	if r.Description != "" {
		m.RepositoryDescription = new(r.Description)
	}
	if branch, ok := strings.CutPrefix(r.Head, refname.Heads); ok {
		m.DefaultBranch = new(branch)
	}
	return m
}

func nameTaken(name string) error {
	return codecommitwire.NewRepositoryNameExists("Repository named %s already exists", name)
}

// requestTags are the condition keys of tags in a request.
func requestTags(tags []store.Tag) map[string][]string {
	keys := make(map[string][]string, len(tags)+1)
	for _, t := range tags {
		keys["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		keys["aws:tagkeys"] = append(keys["aws:tagkeys"], t.Key)
	}
	return keys
}

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
