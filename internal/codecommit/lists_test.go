package codecommit

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

func (w *world) list(sortBy, order *string) []string {
	w.t.Helper()
	var names []string
	in := &codecommitwire.ListRepositoriesInput{SortBy: sortBy, Order: order}
	for {
		out, err := w.ListRepositories(w.t.Context(), w.root, in)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(out.Repositories) > w.page {
			w.t.Errorf("a page of %d", len(out.Repositories))
		}
		for _, r := range out.Repositories {
			names = append(names, *r.RepositoryName)
			if *r.RepositoryId != w.get(*r.RepositoryName).ID {
				w.t.Errorf("id of %s is %s", *r.RepositoryName, *r.RepositoryId)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return names
		}
	}
}

func TestListRepositories(t *testing.T) {
	w := newWorld(t)
	w.create("b")
	w.time = w.time.Add(-time.Hour)
	w.create("a", "C", "d")
	w.time = w.time.Add(2 * time.Hour)
	w.create("e")
	for _, c := range []struct {
		sortBy, order *string
		want          string
	}{
		{nil, nil, "C a b d e"},
		{new("repositoryName"), new("ascending"), "C a b d e"},
		{new("repositoryName"), new("descending"), "e d b a C"},
		{new("lastModifiedDate"), nil, "C a d b e"},
		{new("lastModifiedDate"), new("descending"), "e b d a C"},
	} {
		for _, w.page = range []int{1, 2, 5, 1000} {
			if got := strings.Join(w.list(c.sortBy, c.order), " "); got != c.want {
				t.Errorf("%q %q, pages of %d: got %q, want %q", value(c.sortBy), value(c.order), w.page, got, c.want)
			}
		}
	}
	_, err := w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{SortBy: new("name")})
	wantCode(t, "sortBy", err, codecommitwire.ErrInvalidSortBy)
	_, err = w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{Order: new("up")})
	wantCode(t, "order", err, codecommitwire.ErrInvalidOrder)
	if out, err := w.ListRepositories(t.Context(), rootOf(there), &codecommitwire.ListRepositoriesInput{}); err != nil || out.Repositories == nil || len(out.Repositories) != 0 {
		t.Errorf("another account: %+v, %v", out, err)
	}
}

// TestDeletedWhileListing: the entry that a token names may be gone.
func TestDeletedWhileListing(t *testing.T) {
	w := newWorld(t)
	w.create("a", "b", "c")
	w.page = 1
	out, err := w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{})
	if err != nil {
		t.Fatal(err)
	}
	w.calls()["DeleteRepository"](w.root, "a")
	out, err = w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{NextToken: out.NextToken})
	if err != nil || *out.Repositories[0].RepositoryName != "b" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	w.create("a", "b", "c")
	w.branch("a", "x", commit1)
	w.branch("a", "y", commit1)
	w.page = 1
	byName, err := w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{})
	if err != nil {
		t.Fatal(err)
	}
	branches, err := w.ListBranches(t.Context(), w.root, &codecommitwire.ListBranchesInput{RepositoryName: new("a")})
	if err != nil {
		t.Fatal(err)
	}
	good := *byName.NextToken
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	for name, token := range map[string]string{
		"empty": "", "nonsense": "x", "base64 nonsense": "AAAAAAAAAAAAAAAAAAAAAAAA", "padded": good + "=", "a line end": good + "\n",
		"another list's": *branches.NextToken, "cut": good[:len(good)-2], "longer": good + "AA", "only the sum": base64.RawURLEncoding.EncodeToString(raw[:sumSize]),
		"another entry": base64.RawURLEncoding.EncodeToString(append(slices.Clone(raw[:sumSize]), 'z')), "long": strings.Repeat("A", 100000),
	} {
		_, err := w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{NextToken: &token})
		wantCode(t, name, err, codecommitwire.ErrInvalidContinuationToken)
		_, err = w.ListBranches(t.Context(), w.root, &codecommitwire.ListBranchesInput{RepositoryName: new("b"), NextToken: &token})
		wantCode(t, name+" for branches", err, codecommitwire.ErrInvalidContinuationToken)
	}
	_, err = w.ListRepositories(t.Context(), w.root, &codecommitwire.ListRepositoriesInput{NextToken: &good, Order: new("descending")})
	wantCode(t, "of another order", err, codecommitwire.ErrInvalidContinuationToken)
	_, err = w.ListRepositories(t.Context(), rootOf(there), &codecommitwire.ListRepositoriesInput{NextToken: &good})
	wantCode(t, "of another account", err, codecommitwire.ErrInvalidContinuationToken)
}

func TestBatchGetRepositories(t *testing.T) {
	w := newWorld(t)
	w.create("a", "b")
	out, err := w.BatchGetRepositories(t.Context(), w.root, &codecommitwire.BatchGetRepositoriesInput{RepositoryNames: []string{"b", "x", "a", "b", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range out.Repositories {
		names = append(names, *m.RepositoryName)
	}
	if !slices.Equal(names, []string{"b", "a"}) || !slices.Equal(out.RepositoriesNotFound, []string{"x"}) || out.Errors == nil || len(out.Errors) != 0 {
		t.Errorf("got %v, %+v", names, out)
	}
	many := make([]string, maxBatch+1)
	for i := range many {
		many[i] = fmt.Sprint("r", i)
	}
	for name, c := range map[string]struct {
		names []string
		code  string
	}{
		"none": {nil, codecommitwire.ErrRepositoryNamesRequired}, "empty": {[]string{}, codecommitwire.ErrRepositoryNamesRequired},
		"100": {many[:100], ""}, "101": {many, codecommitwire.ErrMaximumRepositoryNamesExceeded},
		"an empty name": {[]string{"a", ""}, codecommitwire.ErrInvalidRepositoryName},
	} {
		_, err := w.BatchGetRepositories(t.Context(), w.root, &codecommitwire.BatchGetRepositoriesInput{RepositoryNames: c.names})
		wantCode(t, name, err, c.code)
	}
}

// TestBatchNeedsEachPermission: one repository that the caller may not see
// refuses the call, whether it exists or not.
func TestBatchNeedsEachPermission(t *testing.T) {
	w := newWorld(t)
	w.create("mine-1", "theirs")
	c := w.user("batcher", policyOf(`"codecommit:BatchGetRepositories"`, "arn:aws:codecommit:us-east-2:111122223333:mine-*", ""))
	for names, code := range map[string]string{"mine-1": "", "mine-1 mine-absent": "", "mine-1 theirs": denied, "mine-1 absent": denied} {
		_, err := w.BatchGetRepositories(t.Context(), c, &codecommitwire.BatchGetRepositoriesInput{RepositoryNames: strings.Fields(names)})
		wantCode(t, names, err, code)
	}
}

func TestListBranches(t *testing.T) {
	w := newWorld(t)
	w.create("r")
	id := w.get("r").ID
	want := []string{"a", "a-b", "b/c", "main", "é"}
	w.update(func(tx store.Tx) error {
		refs := []store.Ref{{Name: "refs/tags/v1", OID: commit1}, {Name: "refs/notes/x", OID: commit1}}
		for _, name := range want {
			refs = append(refs, store.Ref{Name: "refs/heads/" + name, OID: commit1})
		}
		return tx.PutRefs(id, refs)
	})
	for _, w.page = range []int{1, 2, 5, 1000} {
		var got []string
		in := &codecommitwire.ListBranchesInput{RepositoryName: new("r")}
		for {
			out, err := w.ListBranches(t.Context(), w.root, in)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, out.Branches...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: got %q", w.page, got)
		}
	}
	w.create("empty")
	if out, err := w.ListBranches(t.Context(), w.root, &codecommitwire.ListBranchesInput{RepositoryName: new("empty")}); err != nil || out.Branches == nil || len(out.Branches) != 0 {
		t.Errorf("empty: %+v, %v", out, err)
	}
}

func FuzzToken(f *testing.F) {
	f.Add("repositories", newToken("repositories", "a"))
	f.Add("branches x", "AAAA")
	f.Fuzz(func(t *testing.T, scope, token string) {
		last, err := readToken(scope, &token)
		if err != nil {
			return
		}
		if last == "" || newToken(scope, last) != token {
			t.Errorf("%q in %q is taken for %q", token, scope, last)
		}
	})
}
