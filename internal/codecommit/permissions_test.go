package codecommit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/wire/codecommitwire"
)

// TestPermissions: each operation asks for its own permission on its own
// resource, before it tells whether the repository exists.
func TestPermissions(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit1)
	calls := w.calls()
	const repository = "arn:aws:codecommit:us-east-2:111122223333:r"
	i := 0
	for op, call := range calls {
		i++
		resource := repository
		if op == "ListRepositories" {
			resource = "*"
		}
		others := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"codecommit:` + op + `","Resource":"*"}]}`
		err := call(w.user(fmt.Sprint("U", i), others), "r")
		wantCode(t, op+" without its permission", err, denied)
		if rec := w.log.last(); rec.Decision != "Deny" || rec.EventName != op || rec.Resource != resource {
			t.Errorf("%s: record %+v", op, rec)
		}
		if e := awserr.From(err); !strings.Contains(e.Message, "codecommit:"+op) || resource != "*" && !strings.Contains(e.Message, "on resource: "+repository) {
			t.Errorf("%s: text %q", op, e.Message)
		}
		absentErr := call(w.user(fmt.Sprint("V", i), others), "absent")
		wantCode(t, op+" of an absent repository without its permission", absentErr, denied)
	}
	if w.get("r").Description != "" || len(calls) != 12 {
		t.Errorf("something was written, or an operation is missing (%d)", len(calls))
	}
}

// calls are all operations, on one repository.
func (w *world) calls() map[string]func(*principal.Caller, string) error {
	ctx := w.t.Context()
	return map[string]func(*principal.Caller, string) error{
		"CreateRepository": func(c *principal.Caller, n string) error {
			_, err := w.CreateRepository(ctx, c, &codecommitwire.CreateRepositoryInput{RepositoryName: &n})
			return err
		},
		"GetRepository": func(c *principal.Caller, n string) error {
			_, err := w.GetRepository(ctx, c, &codecommitwire.GetRepositoryInput{RepositoryName: &n})
			return err
		},
		"ListRepositories": func(c *principal.Caller, _ string) error {
			_, err := w.ListRepositories(ctx, c, &codecommitwire.ListRepositoriesInput{})
			return err
		},
		"BatchGetRepositories": func(c *principal.Caller, n string) error {
			_, err := w.BatchGetRepositories(ctx, c, &codecommitwire.BatchGetRepositoriesInput{RepositoryNames: []string{n}})
			return err
		},
		"DeleteRepository": func(c *principal.Caller, n string) error {
			_, err := w.DeleteRepository(ctx, c, &codecommitwire.DeleteRepositoryInput{RepositoryName: &n})
			return err
		},
		"UpdateRepositoryName": func(c *principal.Caller, n string) error {
			_, err := w.UpdateRepositoryName(ctx, c, &codecommitwire.UpdateRepositoryNameInput{OldName: &n, NewName: new("x")})
			return err
		},
		"UpdateRepositoryDescription": func(c *principal.Caller, n string) error {
			_, err := w.UpdateRepositoryDescription(ctx, c, &codecommitwire.UpdateRepositoryDescriptionInput{RepositoryName: &n, RepositoryDescription: new("x")})
			return err
		},
		"UpdateDefaultBranch": func(c *principal.Caller, n string) error {
			_, err := w.UpdateDefaultBranch(ctx, c, &codecommitwire.UpdateDefaultBranchInput{RepositoryName: &n, DefaultBranchName: new("main")})
			return err
		},
		"ListBranches": func(c *principal.Caller, n string) error {
			_, err := w.ListBranches(ctx, c, &codecommitwire.ListBranchesInput{RepositoryName: &n})
			return err
		},
		"GetBranch": func(c *principal.Caller, n string) error {
			_, err := w.GetBranch(ctx, c, &codecommitwire.GetBranchInput{RepositoryName: &n, BranchName: new("main")})
			return err
		},
		"CreateBranch": func(c *principal.Caller, n string) error {
			_, err := w.CreateBranch(ctx, c, &codecommitwire.CreateBranchInput{RepositoryName: &n, BranchName: new("new"), CommitId: new(commit1)})
			return err
		},
		"DeleteBranch": func(c *principal.Caller, n string) error {
			_, err := w.DeleteBranch(ctx, c, &codecommitwire.DeleteBranchInput{RepositoryName: &n, BranchName: new("main")})
			return err
		},
	}
}

// TestAbsentRepository: who may ask is told that there is none.
func TestAbsentRepository(t *testing.T) {
	w := newWorld(t)
	for op, call := range w.calls() {
		code := codecommitwire.ErrRepositoryDoesNotExist
		switch op {
		case "CreateRepository", "ListRepositories", "BatchGetRepositories", "DeleteRepository":
			code = ""
		}
		err := call(w.root, "absent")
		wantCode(t, op, err, code)
		if code != "" && awserr.From(err).Message != "absent does not exist" {
			t.Errorf("%s: text %q", op, awserr.From(err).Message)
		}
		if op == "CreateRepository" {
			wantCode(t, "cleaning up", w.calls()["DeleteRepository"](w.root, "absent"), "")
		}
	}
}

// TestOtherAccount: a name means the caller's own repository.
func TestOtherAccount(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	_, err := w.GetRepository(t.Context(), rootOf(there), &codecommitwire.GetRepositoryInput{RepositoryName: new("r")})
	wantCode(t, "another account", err, codecommitwire.ErrRepositoryDoesNotExist)
	_, err = w.DeleteRepository(t.Context(), rootOf(there), &codecommitwire.DeleteRepositoryInput{RepositoryName: new("r")})
	wantCode(t, "deleting from another account", err, "")
	w.get("r")
}

// TestUnrecordedActIsRefused: no record, no act.
func TestUnrecordedActIsRefused(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit1)
	w.log.err = errors.New("disk full")
	for op, call := range w.calls() {
		wantCode(t, op, call(w.root, "r"), awserr.ServiceUnavailable)
	}
	w.log.err = nil
	if r := w.get("r"); r.Description != "" || r.Head != "" {
		t.Errorf("something was written: %+v", r)
	}
}

func TestTagConditions(t *testing.T) {
	w := newWorld(t)
	if _, err := w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("blue"), Tags: map[string]string{"Team": "blue"}}); err != nil {
		t.Fatal(err)
	}
	w.create("plain")
	reader := w.user("reader", policyOf(`["codecommit:Get*","codecommit:UpdateRepositoryName"]`, "*", `{"StringEquals":{"aws:ResourceTag/Team":"blue"}}`))
	_, err := w.GetRepository(t.Context(), reader, &codecommitwire.GetRepositoryInput{RepositoryName: new("blue")})
	wantCode(t, "the tagged one", err, "")
	_, err = w.GetRepository(t.Context(), reader, &codecommitwire.GetRepositoryInput{RepositoryName: new("plain")})
	wantCode(t, "the one without the tag", err, denied)
	_, err = w.GetRepository(t.Context(), reader, &codecommitwire.GetRepositoryInput{RepositoryName: new("absent")})
	wantCode(t, "an absent one", err, denied)

	maker := w.user("maker", policyOf(`"codecommit:CreateRepository"`, "*",
		`{"StringEquals":{"aws:RequestTag/team":"green"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}`))
	for name, c := range map[string]struct {
		tags map[string]string
		code string
	}{
		"right": {map[string]string{"team": "green"}, ""}, "wrong": {map[string]string{"team": "red"}, denied},
		"none": {nil, denied}, "more": {map[string]string{"team": "green", "x": "y"}, denied},
	} {
		_, err := w.CreateRepository(t.Context(), maker, &codecommitwire.CreateRepositoryInput{RepositoryName: &name, Tags: c.tags})
		wantCode(t, "tags "+name, err, c.code)
	}
}

// TestRenameNeedsBothNames: otherwise a caller could move a repository out of
// reach of a policy, or into the reach of its own.
func TestRenameNeedsBothNames(t *testing.T) {
	w := newWorld(t)
	w.create("mine-1", "theirs")
	c := w.user("renamer", policyOf(`"codecommit:UpdateRepositoryName"`, "arn:aws:codecommit:us-east-2:111122223333:mine-*", ""))
	for _, names := range [][3]string{{"theirs", "mine-2", denied}, {"mine-1", "theirs-2", denied}, {"mine-1", "mine-2", ""}} {
		_, err := w.UpdateRepositoryName(t.Context(), c, &codecommitwire.UpdateRepositoryNameInput{OldName: &names[0], NewName: &names[1]})
		wantCode(t, names[0]+" to "+names[1], err, names[2])
	}
}
