package codecommit

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

func TestCreateRepository(t *testing.T) {
	w := newWorld(t)
	out, err := w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{
		RepositoryName: new("MyDemoRepo"), RepositoryDescription: new("A repository"), Tags: map[string]string{"Team": "blue"}})
	if err != nil {
		t.Fatal(err)
	}
	m := out.RepositoryMetadata
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(*m.RepositoryId) {
		t.Errorf("id %q is no random UUID", *m.RepositoryId)
	}
	if *m.AccountId != here || *m.RepositoryName != "MyDemoRepo" || *m.RepositoryDescription != "A repository" ||
		*m.Arn != "arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo" || *m.CloneUrlHttp != "https://git.example.com/v1/repos/MyDemoRepo" ||
		!m.CreationDate.Equal(w.time) || !m.LastModifiedDate.Equal(w.time) || m.DefaultBranch != nil || m.CloneUrlSsh != nil || m.KmsKeyId != nil {
		t.Errorf("metadata %+v", m)
	}
	if r := w.get("MyDemoRepo"); r.ID != *m.RepositoryId || len(r.Tags) != 1 || r.Tags[0] != (store.Tag{Key: "Team", Value: "blue"}) {
		t.Errorf("stored %+v", r)
	}
	_, err = w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("MyDemoRepo")})
	if e := awserr.From(err); e.Code != codecommitwire.ErrRepositoryNameExists || e.Message != "Repository named MyDemoRepo already exists" {
		t.Errorf("a second time: %v", err)
	}
	_, err = w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("mydemorepo")})
	wantCode(t, "in lower case", err, "")
	_, err = w.CreateRepository(t.Context(), rootOf(there), &codecommitwire.CreateRepositoryInput{RepositoryName: new("MyDemoRepo")})
	wantCode(t, "in another account", err, "")
}

// TestNames goes through every operation with names that are no repository's.
func TestNames(t *testing.T) {
	w := newWorld(t)
	w.create("good")
	calls := map[string]func(*string) error{
		"CreateRepository": func(n *string) error {
			_, err := w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: n})
			return err
		},
		"GetRepository": func(n *string) error {
			_, err := w.GetRepository(t.Context(), w.root, &codecommitwire.GetRepositoryInput{RepositoryName: n})
			return err
		},
		"DeleteRepository": func(n *string) error {
			_, err := w.DeleteRepository(t.Context(), w.root, &codecommitwire.DeleteRepositoryInput{RepositoryName: n})
			return err
		},
		"rename from": func(n *string) error {
			_, err := w.UpdateRepositoryName(t.Context(), w.root, &codecommitwire.UpdateRepositoryNameInput{OldName: n, NewName: new("x")})
			return err
		},
		"rename to": func(n *string) error {
			_, err := w.UpdateRepositoryName(t.Context(), w.root, &codecommitwire.UpdateRepositoryNameInput{OldName: new("good"), NewName: n})
			return err
		},
		"UpdateRepositoryDescription": func(n *string) error {
			_, err := w.UpdateRepositoryDescription(t.Context(), w.root, &codecommitwire.UpdateRepositoryDescriptionInput{RepositoryName: n})
			return err
		},
		"UpdateDefaultBranch": func(n *string) error {
			_, err := w.UpdateDefaultBranch(t.Context(), w.root, &codecommitwire.UpdateDefaultBranchInput{RepositoryName: n, DefaultBranchName: new("main")})
			return err
		},
		"ListBranches": func(n *string) error {
			_, err := w.ListBranches(t.Context(), w.root, &codecommitwire.ListBranchesInput{RepositoryName: n})
			return err
		},
		"GetBranch": func(n *string) error {
			_, err := w.GetBranch(t.Context(), w.root, &codecommitwire.GetBranchInput{RepositoryName: n, BranchName: new("main")})
			return err
		},
		"CreateBranch": func(n *string) error {
			_, err := w.CreateBranch(t.Context(), w.root, &codecommitwire.CreateBranchInput{RepositoryName: n, BranchName: new("main"), CommitId: new(commit1)})
			return err
		},
		"DeleteBranch": func(n *string) error {
			_, err := w.DeleteBranch(t.Context(), w.root, &codecommitwire.DeleteBranchInput{RepositoryName: n, BranchName: new("main")})
			return err
		},
	}
	bad := []string{".", "..", ".git", "a.git", "a.GIT", "-x", "--upload-pack=x", "a/b", "../a", "a\\b", "a b", "a\nb", "a\x00", "é", "a:b", "%2e", "*", strings.Repeat("a", 101)}
	for op, call := range calls {
		for _, name := range bad {
			wantCode(t, fmt.Sprintf("%s %q", op, name), call(&name), codecommitwire.ErrInvalidRepositoryName)
		}
		wantCode(t, op+" without a name", call(nil), codecommitwire.ErrRepositoryNameRequired)
		wantCode(t, op+" with an empty name", call(new("")), codecommitwire.ErrRepositoryNameRequired)
	}
	for _, name := range bad {
		_, err := w.BatchGetRepositories(t.Context(), w.root, &codecommitwire.BatchGetRepositoriesInput{RepositoryNames: []string{"good", name}})
		wantCode(t, "BatchGetRepositories", err, codecommitwire.ErrInvalidRepositoryName)
	}
	if out, err := w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{}); err != nil || len(out.Repositories) != 1 {
		t.Errorf("something was written: %+v, %v", out, err)
	}
	for _, name := range []string{"a", "A.b_c-1", "_", "a.gitx", "git", strings.Repeat("a", 100)} {
		wantCode(t, name, calls["CreateRepository"](&name), "")
	}
}

func TestDescriptionAndTags(t *testing.T) {
	w := newWorld(t)
	many := make(map[string]string)
	for i := range maxTags + 1 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for name, c := range map[string]struct {
		in   codecommitwire.CreateRepositoryInput
		code string
	}{
		"1,000 characters":     {codecommitwire.CreateRepositoryInput{RepositoryDescription: new(strings.Repeat("é", 1000))}, ""},
		"1,001 characters":     {codecommitwire.CreateRepositoryInput{RepositoryDescription: new(strings.Repeat("é", 1001))}, codecommitwire.ErrInvalidRepositoryDescription},
		"not UTF-8":            {codecommitwire.CreateRepositoryInput{RepositoryDescription: new("\xff")}, codecommitwire.ErrInvalidRepositoryDescription},
		"a key":                {codecommitwire.CreateRepositoryInput{KmsKeyId: new("alias/x")}, codecommitwire.ErrOperationNotAllowed},
		"51 tags":              {codecommitwire.CreateRepositoryInput{Tags: many}, codecommitwire.ErrTooManyTags},
		"aws:":                 {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"aws:x": ""}}, codecommitwire.ErrInvalidSystemTagUsage},
		"AWS:":                 {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"AWS:x": ""}}, codecommitwire.ErrInvalidSystemTagUsage},
		"an empty key":         {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"": "v"}}, codecommitwire.ErrInvalidTagsMap},
		"a key of spaces":      {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"  ": "v"}}, codecommitwire.ErrInvalidTagsMap},
		"a trailing space":     {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"k ": "v"}}, codecommitwire.ErrInvalidTagsMap},
		"a long key":           {codecommitwire.CreateRepositoryInput{Tags: map[string]string{strings.Repeat("k", 129): "v"}}, codecommitwire.ErrInvalidTagsMap},
		"a long value":         {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"k": strings.Repeat("v", 257)}}, codecommitwire.ErrInvalidTagsMap},
		"a bad character":      {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"k;": "v"}}, codecommitwire.ErrInvalidTagsMap},
		"a bad value":          {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"k": "v\n"}}, codecommitwire.ErrInvalidTagsMap},
		"keys equal by case":   {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"Team": "a", "team": "b"}}, codecommitwire.ErrInvalidTagsMap},
		"all that is allowed":  {codecommitwire.CreateRepositoryInput{Tags: map[string]string{"a b+-=._:/@é1": "x y+-=._:/@é1", strings.Repeat("k", 128): strings.Repeat("v", 256), "e": ""}}, ""},
		"an empty description": {codecommitwire.CreateRepositoryInput{RepositoryDescription: new("")}, ""},
	} {
		c.in.RepositoryName = new(strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "") + "x")
		c.in.RepositoryName = new(strings.ReplaceAll(*c.in.RepositoryName, ":", ""))
		_, err := w.CreateRepository(t.Context(), w.root, &c.in)
		wantCode(t, name, err, c.code)
	}
}

func TestRepositoryLimit(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx store.Tx) error {
		for i := range maxRepositories - 1 {
			r := store.Repository{ID: fmt.Sprint("id", i), Account: here, Region: region, Name: fmt.Sprint("r", i), Created: w.time, Modified: w.time}
			if err := tx.InsertRepository(r); err != nil {
				return err
			}
		}
		return nil
	})
	w.create("last")
	_, err := w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("more")})
	wantCode(t, "one more", err, codecommitwire.ErrRepositoryLimitExceeded)
	_, err = w.CreateRepository(t.Context(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("last")})
	wantCode(t, "a taken name at the limit", err, codecommitwire.ErrRepositoryNameExists)
}

func TestCreateTheSameAtOnce(t *testing.T) {
	w := newWorld(t)
	var made, taken int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := w.CreateRepository(context.Background(), w.root, &codecommitwire.CreateRepositoryInput{RepositoryName: new("one")})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if awserr.Is(err, codecommitwire.ErrRepositoryNameExists) {
				taken++
			}
		})
	}
	wg.Wait()
	if made != 1 || taken != 7 {
		t.Errorf("%d made, %d taken", made, taken)
	}
}

func TestDeleteIsIdempotent(t *testing.T) {
	w := newWorld(t)
	w.create("gone")
	id := w.get("gone").ID
	in := &codecommitwire.DeleteRepositoryInput{RepositoryName: new("gone")}
	if out, err := w.DeleteRepository(t.Context(), w.root, in); err != nil || *out.RepositoryId != id {
		t.Errorf("first: %+v, %v", out, err)
	}
	if out, err := w.DeleteRepository(t.Context(), w.root, in); err != nil || out.RepositoryId != nil {
		t.Errorf("second: %+v, %v", out, err)
	}
	w.create("gone")
	if w.get("gone").ID == id {
		t.Error("a new repository has an old id")
	}
}

func TestRename(t *testing.T) {
	w := newWorld(t)
	w.create("old", "taken")
	id := w.get("old").ID
	rename := func(from, to string) error {
		_, err := w.UpdateRepositoryName(t.Context(), w.root, &codecommitwire.UpdateRepositoryNameInput{OldName: &from, NewName: &to})
		return err
	}
	wantCode(t, "to a taken name", rename("old", "taken"), codecommitwire.ErrRepositoryNameExists)
	wantCode(t, "to its own name", rename("old", "old"), codecommitwire.ErrRepositoryNameExists)
	wantCode(t, "of an absent one", rename("absent", "x"), codecommitwire.ErrRepositoryDoesNotExist)
	w.time = w.time.Add(time.Hour)
	wantCode(t, "to a free name", rename("old", "new"), "")
	if r := w.get("new"); r.ID != id || !r.Modified.Equal(w.time) {
		t.Errorf("renamed %+v", r)
	}
	_, err := w.GetRepository(t.Context(), w.root, &codecommitwire.GetRepositoryInput{RepositoryName: new("old")})
	wantCode(t, "the old name", err, codecommitwire.ErrRepositoryDoesNotExist)
}

func TestUpdateDescription(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	w.time = w.time.Add(time.Hour)
	for _, text := range []*string{new("text"), nil} {
		if _, err := w.UpdateRepositoryDescription(t.Context(), w.root, &codecommitwire.UpdateRepositoryDescriptionInput{RepositoryName: new("r"), RepositoryDescription: text}); err != nil {
			t.Fatal(err)
		}
		if r := w.get("r"); r.Description != value(text) || !r.Modified.Equal(w.time) {
			t.Errorf("got %+v", r)
		}
	}
	_, err := w.UpdateRepositoryDescription(t.Context(), w.root, &codecommitwire.UpdateRepositoryDescriptionInput{RepositoryName: new("r"), RepositoryDescription: new(strings.Repeat("x", 1001))})
	wantCode(t, "too long", err, codecommitwire.ErrInvalidRepositoryDescription)
}

// swapStore changes the repository's name after the gate has decided, by hand
// of another caller.
type swapStore struct {
	store.Store
	swap func()
}

func (s *swapStore) Update(ctx context.Context, f func(store.Tx) error) error {
	if swap := s.swap; swap != nil {
		s.swap = nil
		swap()
	}
	return s.Store.Update(ctx, f)
}

// TestNameChangesAfterDecision: what is changed is what the gate has decided about.
func TestNameChangesAfterDecision(t *testing.T) {
	for name, act := range map[string]func(*world) error{
		"describe": func(w *world) error {
			_, err := w.UpdateRepositoryDescription(t.Context(), w.root, &codecommitwire.UpdateRepositoryDescriptionInput{RepositoryName: new("r"), RepositoryDescription: new("x")})
			return err
		},
		"rename": func(w *world) error {
			_, err := w.UpdateRepositoryName(t.Context(), w.root, &codecommitwire.UpdateRepositoryNameInput{OldName: new("r"), NewName: new("x")})
			return err
		},
		"delete": func(w *world) error {
			_, err := w.DeleteRepository(t.Context(), w.root, &codecommitwire.DeleteRepositoryInput{RepositoryName: new("r")})
			return err
		},
	} {
		w := newWorld(t)
		w.create("r")
		r := w.get("r")
		w.Service.store = &swapStore{w.db, func() {
			r.Name = "protected"
			w.update(func(tx store.Tx) error { return tx.UpdateRepository(r) })
		}}
		err := act(w)
		if name != "delete" {
			wantCode(t, name, err, codecommitwire.ErrRepositoryDoesNotExist)
		}
		if now := w.get("protected"); now.Description != "" {
			t.Errorf("%s changed %+v", name, now)
		}
	}
}
