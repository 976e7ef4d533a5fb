package codecommit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/git"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

func (w *world) createBranch(repo, name, oid string) error {
	_, err := w.CreateBranch(w.t.Context(), w.root, &codecommitwire.CreateBranchInput{RepositoryName: &repo, BranchName: &name, CommitId: &oid})
	return err
}

func (w *world) deleteBranch(repo, name string) (*codecommitwire.DeleteBranchOutput, error) {
	return w.DeleteBranch(w.t.Context(), w.root, &codecommitwire.DeleteBranchInput{RepositoryName: &repo, BranchName: &name})
}

func (w *world) at(repo, name string) string {
	w.t.Helper()
	oid, err := w.tip(w.t.Context(), w.get(repo), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return oid
}

func TestBranches(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit2)
	w.head("r", "refs/heads/main")
	wantCode(t, "create", w.createBranch("r", "feature/x", strings.ToUpper(commit1)), "")
	if w.git.actor != w.root.ARN() {
		t.Errorf("actor %q", w.git.actor)
	}
	out, err := w.GetBranch(t.Context(), w.root, &codecommitwire.GetBranchInput{RepositoryName: new("r"), BranchName: new("feature/x")})
	if err != nil || *out.Branch.BranchName != "feature/x" || *out.Branch.CommitId != commit1 {
		t.Errorf("get: %+v, %v", out, err)
	}
	if r := w.get("r"); r.Head != "refs/heads/main" {
		t.Errorf("the default branch became %q", r.Head)
	}
	wantCode(t, "a second time", w.createBranch("r", "feature/x", commit2), codecommitwire.ErrBranchNameExists)
	wantCode(t, "below a branch", w.createBranch("r", "feature/x/y", commit1), codecommitwire.ErrInvalidBranchName)
	wantCode(t, "above a branch", w.createBranch("r", "feature", commit1), codecommitwire.ErrInvalidBranchName)
	_, err = w.GetBranch(t.Context(), w.root, &codecommitwire.GetBranchInput{RepositoryName: new("r"), BranchName: new("absent")})
	wantCode(t, "absent", err, codecommitwire.ErrBranchDoesNotExist)
	if out, err := w.deleteBranch("r", "feature/x"); err != nil || *out.DeletedBranch.CommitId != commit1 || *out.DeletedBranch.BranchName != "feature/x" {
		t.Errorf("delete: %+v, %v", out, err)
	}
	if out, err := w.deleteBranch("r", "feature/x"); err != nil || out.DeletedBranch != nil {
		t.Errorf("delete again: %+v, %v", out, err)
	}
}

func TestBranchNamesAndCommits(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	for _, name := range []string{"@", "a..b", "a b", "/a", "a/", "a//b", ".a", "a.", "a.lock", "a@{b", "a~", "a^", "a:", "a?", "a*", "a[", "a\\b", "a\x1b", commit1, strings.Repeat("a", 257), "\xff"} {
		for op, err := range map[string]error{
			"create": w.createBranch("r", name, commit1),
			"get": func() error {
				_, err := w.GetBranch(t.Context(), w.root, &codecommitwire.GetBranchInput{RepositoryName: new("r"), BranchName: &name})
				return err
			}(),
			"delete": func() error { _, err := w.deleteBranch("r", name); return err }(),
			"default": func() error {
				_, err := w.UpdateDefaultBranch(t.Context(), w.root, &codecommitwire.UpdateDefaultBranchInput{RepositoryName: new("r"), DefaultBranchName: &name})
				return err
			}(),
		} {
			wantCode(t, fmt.Sprintf("%s %q", op, name), err, codecommitwire.ErrInvalidBranchName)
		}
	}
	wantCode(t, "no name", w.createBranch("r", "", commit1), codecommitwire.ErrBranchNameRequired)
	for oid, code := range map[string]string{
		"": codecommitwire.ErrCommitIdRequired, "abc": codecommitwire.ErrInvalidCommitId, "HEAD": codecommitwire.ErrInvalidCommitId, "main": codecommitwire.ErrInvalidCommitId,
		commit1[:39] + "g": codecommitwire.ErrInvalidCommitId, commit1 + "1": codecommitwire.ErrInvalidCommitId, "--" + commit1[2:]: codecommitwire.ErrInvalidCommitId,
		strings.Repeat("9", 40): codecommitwire.ErrCommitDoesNotExist, strings.Repeat("0", 40): codecommitwire.ErrCommitDoesNotExist,
		tree: codecommitwire.ErrCommitDoesNotExist, commit2: "",
	} {
		wantCode(t, fmt.Sprintf("commit %q", oid), w.createBranch("r", "x", oid), code)
	}
}

func TestDefaultBranch(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit1)
	w.branch("r", "other", commit2)
	w.time = w.time.Add(time.Hour)
	set := func(name string) error {
		_, err := w.UpdateDefaultBranch(t.Context(), w.root, &codecommitwire.UpdateDefaultBranchInput{RepositoryName: new("r"), DefaultBranchName: &name})
		return err
	}
	wantCode(t, "absent", set("absent"), codecommitwire.ErrBranchDoesNotExist)
	wantCode(t, "main", set("main"), "")
	after := w.get("r")
	if after.Head != "refs/heads/main" || !after.Modified.Equal(w.time) {
		t.Errorf("got %+v", after)
	}
	out, err := w.GetRepository(t.Context(), w.root, &codecommitwire.GetRepositoryInput{RepositoryName: new("r")})
	if err != nil || *out.RepositoryMetadata.DefaultBranch != "main" {
		t.Errorf("got %+v, %v", out, err)
	}
	_, err = w.deleteBranch("r", "main")
	wantCode(t, "deleting the default branch", err, codecommitwire.ErrDefaultBranchCannotBeDeleted)
	if w.at("r", "main") != commit1 {
		t.Error("the default branch is gone")
	}
	wantCode(t, "another", set("other"), "")
	_, err = w.deleteBranch("r", "main")
	wantCode(t, "deleting what was the default branch", err, "")
}

// TestRaces: a push may come between looking and writing.
func TestRaces(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.git.before = func() { w.branch("r", "new", commit2) }
	wantCode(t, "created meanwhile", w.createBranch("r", "new", commit1), codecommitwire.ErrBranchNameExists)
	if w.at("r", "new") != commit2 {
		t.Error("the other's branch was overwritten")
	}
	w.git.before = func() { w.branch("r", "new", commit1) }
	if out, err := w.deleteBranch("r", "new"); err != nil || *out.DeletedBranch.CommitId != commit1 {
		t.Errorf("moved meanwhile: %+v, %v", out, err)
	}
	w.branch("r", "new", commit1)
	id := w.get("r").ID
	w.git.before = func() { w.update(func(tx store.Tx) error { return tx.DeleteRefs(id, []string{"refs/heads/new"}) }) }
	if out, err := w.deleteBranch("r", "new"); err != nil || out.DeletedBranch != nil {
		t.Errorf("deleted meanwhile: %+v, %v", out, err)
	}
	w.git.before = func() { w.calls()["DeleteRepository"](w.root, "r") }
	wantCode(t, "repository deleted meanwhile", w.createBranch("r", "x", commit1), codecommitwire.ErrRepositoryDoesNotExist)
}

// TestGitRefusals: what git refuses is worded as CodeCommit does, and a fault is
// no answer about branches.
func TestGitRefusals(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit1)
	create := func() error { return w.createBranch("r", "x", commit1) }
	remove := func() error { _, err := w.deleteBranch("r", "main"); return err }
	for _, c := range []struct {
		refusal      error
		create, drop string
	}{
		{errors.New("disk full"), awserr.InternalFailure, awserr.InternalFailure},
		{git.ErrUnpack, awserr.InternalFailure, awserr.InternalFailure},
		{git.ErrStale, codecommitwire.ErrBranchNameExists, awserr.InternalFailure},
		{fmt.Errorf("refs/heads/x: %w", git.ErrExists), codecommitwire.ErrBranchNameExists, awserr.InternalFailure},
		{git.ErrConflict, codecommitwire.ErrInvalidBranchName, awserr.InternalFailure},
		{git.ErrMissing, codecommitwire.ErrCommitDoesNotExist, awserr.InternalFailure},
		{git.ErrNotCommit, codecommitwire.ErrCommitDoesNotExist, awserr.InternalFailure},
		{git.ErrDefaultBranch, awserr.InternalFailure, codecommitwire.ErrDefaultBranchCannotBeDeleted},
	} {
		w.git.refusal = c.refusal
		wantCode(t, "creating: "+c.refusal.Error(), create(), c.create)
		wantCode(t, "deleting: "+c.refusal.Error(), remove(), c.drop)
	}
	w.git.refusal = nil
	for _, c := range []struct {
		failure error
		code    string
	}{
		{errors.New("disk full"), awserr.InternalFailure}, {git.ErrUnknownOutcome, awserr.InternalFailure},
		{git.ErrNoRepository, codecommitwire.ErrRepositoryDoesNotExist},
	} {
		w.git.failure = c.failure
		wantCode(t, "creating: "+c.failure.Error(), create(), c.code)
		wantCode(t, "deleting: "+c.failure.Error(), remove(), c.code)
	}
	if w.at("r", "main") != commit1 || w.at("r", "x") != "" {
		t.Error("something was written")
	}
}

// TestReferences: CreateBranch and DeleteBranch are decided with the branch's
// full name.
func TestReferences(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.branch("r", "main", commit1)
	w.branch("r", "dev/old", commit1)
	c := w.user("dev", policyOf(`["codecommit:CreateBranch","codecommit:DeleteBranch"]`, "*", `{"StringLike":{"codecommit:References":"refs/heads/dev/*"}}`))
	create := func(name string) error {
		_, err := w.CreateBranch(t.Context(), c, &codecommitwire.CreateBranchInput{RepositoryName: new("r"), BranchName: &name, CommitId: new(commit1)})
		return err
	}
	remove := func(name string) error {
		_, err := w.DeleteBranch(t.Context(), c, &codecommitwire.DeleteBranchInput{RepositoryName: new("r"), BranchName: &name})
		return err
	}
	wantCode(t, "creating where it is allowed", create("dev/new"), "")
	wantCode(t, "creating where it is not", create("new"), denied)
	wantCode(t, "deleting where it is allowed", remove("dev/old"), "")
	wantCode(t, "deleting where it is not", remove("main"), denied)
	if got := w.log.last().Params; got["codecommit:references"] != "refs/heads/main" || got["repositoryName"] != "r" {
		t.Errorf("recorded %v", got)
	}
	if w.at("r", "main") != commit1 || w.at("r", "new") != "" {
		t.Error("something was written")
	}
}
