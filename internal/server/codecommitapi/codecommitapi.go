// Package codecommitapi binds the operations of CodeCommit to the domain: one line an
// operation. It owns nothing else.
package codecommitapi

import (
	"context"

	"sojourn/internal/principal"
	"sojourn/internal/server/api"
	"sojourn/internal/wire/codecommitwire"
)

// Domain is what the operations do.
type Domain interface {
	CreateRepository(context.Context, *principal.Caller, *codecommitwire.CreateRepositoryInput) (*codecommitwire.CreateRepositoryOutput, error)
	GetRepository(context.Context, *principal.Caller, *codecommitwire.GetRepositoryInput) (*codecommitwire.GetRepositoryOutput, error)
	ListRepositories(context.Context, *principal.Caller, *codecommitwire.ListRepositoriesInput) (*codecommitwire.ListRepositoriesOutput, error)
	BatchGetRepositories(context.Context, *principal.Caller, *codecommitwire.BatchGetRepositoriesInput) (*codecommitwire.BatchGetRepositoriesOutput, error)
	DeleteRepository(context.Context, *principal.Caller, *codecommitwire.DeleteRepositoryInput) (*codecommitwire.DeleteRepositoryOutput, error)
	UpdateRepositoryName(context.Context, *principal.Caller, *codecommitwire.UpdateRepositoryNameInput) (*codecommitwire.UpdateRepositoryNameOutput, error)
	UpdateRepositoryDescription(context.Context, *principal.Caller, *codecommitwire.UpdateRepositoryDescriptionInput) (*codecommitwire.UpdateRepositoryDescriptionOutput, error)
	UpdateDefaultBranch(context.Context, *principal.Caller, *codecommitwire.UpdateDefaultBranchInput) (*codecommitwire.UpdateDefaultBranchOutput, error)
	ListBranches(context.Context, *principal.Caller, *codecommitwire.ListBranchesInput) (*codecommitwire.ListBranchesOutput, error)
	GetBranch(context.Context, *principal.Caller, *codecommitwire.GetBranchInput) (*codecommitwire.GetBranchOutput, error)
	CreateBranch(context.Context, *principal.Caller, *codecommitwire.CreateBranchInput) (*codecommitwire.CreateBranchOutput, error)
	DeleteBranch(context.Context, *principal.Caller, *codecommitwire.DeleteBranchInput) (*codecommitwire.DeleteBranchOutput, error)
}

// New makes the service over d.
func New(d Domain) *api.Service {
	return &api.Service{
		Wire: codecommitwire.Service(),
		Handlers: map[string]api.Handler{
			"CreateRepository":            api.Handle(d.CreateRepository),
			"GetRepository":               api.Handle(d.GetRepository),
			"ListRepositories":            api.Handle(d.ListRepositories),
			"BatchGetRepositories":        api.Handle(d.BatchGetRepositories),
			"DeleteRepository":            api.Handle(d.DeleteRepository),
			"UpdateRepositoryName":        api.Handle(d.UpdateRepositoryName),
			"UpdateRepositoryDescription": api.Handle(d.UpdateRepositoryDescription),
			"UpdateDefaultBranch":         api.Handle(d.UpdateDefaultBranch),
			"ListBranches":                api.Handle(d.ListBranches),
			"GetBranch":                   api.Handle(d.GetBranch),
			"CreateBranch":                api.Handle(d.CreateBranch),
			"DeleteBranch":                api.Handle(d.DeleteBranch),
		},
	}
}
