package codecommit

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

// ListRepositories lists all repositories of the account, whatever the caller
// may open of them, as AWS does.
func (s *Service) ListRepositories(ctx context.Context, c *principal.Caller, in *codecommitwire.ListRepositoriesInput) (*codecommitwire.ListRepositoriesOutput, error) {
	l, err := listing(in)
	if err != nil {
		return nil, err
	}
	scope := fmt.Sprintf("repositories %s %s %v %v", c.Account, s.region, l.byDate, l.descending)
	if l.after, err = readToken(scope, in.NextToken); err != nil {
		return nil, err
	}
	if err := s.gate.Authorize(ctx, c, gate.Request{Action: "codecommit:ListRepositories", Resource: "*", ResourceAccount: c.Account}); err != nil {
		return nil, err
	}
	var all []store.Repository
	err = s.store.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.Repositories(c.Account, s.region, store.Page{})
		return err
	})
	if err != nil {
		return nil, fault(err, "listing repositories")
	}
	page, more := l.cut(all, s.page)
	out := &codecommitwire.ListRepositoriesOutput{Repositories: []codecommitwire.RepositoryNameIdPair{}}
	for _, r := range page {
		out.Repositories = append(out.Repositories, codecommitwire.RepositoryNameIdPair{RepositoryName: new(r.Name), RepositoryId: new(r.ID)})
	}
	if more {
		out.NextToken = new(newToken(scope, l.key(page[len(page)-1])))
	}
	return out, nil
}

// list is an order of repositories and where in it to go on.
type list struct {
	byDate, descending bool
	after              string // key of the last one seen, "" from the start
}

func listing(in *codecommitwire.ListRepositoriesInput) (list, error) {
	var l list
	switch value(in.SortBy) {
	case "", codecommitwire.SortByEnumRepositoryName:
	case codecommitwire.SortByEnumLastModifiedDate:
		l.byDate = true
	default:
		return l, codecommitwire.NewInvalidSortBy("The value of sortBy is neither repositoryName nor lastModifiedDate.")
	}
	switch value(in.Order) {
	case "", codecommitwire.OrderEnumAscending:
	case codecommitwire.OrderEnumDescending:
		l.descending = true
	default:
		return l, codecommitwire.NewInvalidOrder("The value of order is neither ascending nor descending.")
	}
	return l, nil
}

// key is a text by which repositories come in order; no two have the same.
func (l list) key(r store.Repository) string {
	if l.byDate {
		return fmt.Sprintf("%020d %s", r.Modified.UnixMicro(), r.Name)
	}
	return r.Name
}

func (l list) compare(a, b string) int {
	if l.descending {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// cut is the next page and whether there is another behind it.
func (l list) cut(all []store.Repository, size int) (page []store.Repository, more bool) {
	if l.after != "" {
		all = slices.DeleteFunc(all, func(r store.Repository) bool { return l.compare(l.key(r), l.after) <= 0 })
	}
	slices.SortFunc(all, func(a, b store.Repository) int { return l.compare(l.key(a), l.key(b)) })
	if len(all) > size {
		return all[:size], true
	}
	return all, false
}

// maxBatch is the limit on names in one BatchGetRepositories.
const maxBatch = 100

// BatchGetRepositories tells about several repositories. The caller needs the
// permission for each that it names; one refusal refuses the call.
func (s *Service) BatchGetRepositories(ctx context.Context, c *principal.Caller, in *codecommitwire.BatchGetRepositoriesInput) (*codecommitwire.BatchGetRepositoriesOutput, error) {
	names, err := batch(in.RepositoryNames)
	if err != nil {
		return nil, err
	}
	out := &codecommitwire.BatchGetRepositoriesOutput{
		Repositories: []codecommitwire.RepositoryMetadata{}, RepositoriesNotFound: []string{}, Errors: []codecommitwire.BatchGetRepositoriesError{},
	}
	for _, name := range names {
		r, err := s.find(ctx, c, name)
		if err != nil {
			return nil, err
		}
		if err := s.may(ctx, c, "BatchGetRepositories", r, nil); err != nil {
			return nil, err
		}
		if r.found {
			out.Repositories = append(out.Repositories, *s.metadata(r.Repository))
		} else {
			out.RepositoriesNotFound = append(out.RepositoriesNotFound, name)
		}
	}
	return out, nil
}

// batch checks the names and drops repetitions.
func batch(given []string) ([]string, error) {
	switch {
	case len(given) == 0:
		return nil, codecommitwire.NewRepositoryNamesRequired("At least one repository name is required.")
	case len(given) > maxBatch:
		return nil, codecommitwire.NewMaximumRepositoryNamesExceeded("No more than %d repository names are allowed.", maxBatch)
	}
	var names []string
	for _, name := range given {
		if err := checkName(name); err != nil {
			return nil, err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// sumSize is how much of a token vouches for the rest.
const sumSize = 12

// newToken makes the token that goes on behind last in the list called scope.
// The token is no secret and permits nothing; its sum only tells a token of
// another list, and a damaged one, from one of this list.
func newToken(scope, last string) string {
	return base64.RawURLEncoding.EncodeToString(append(sum(scope, last), last...))
}

// readToken returns where to go on; "" when there is no token.
func readToken(scope string, p *string) (last string, err error) {
	if p == nil {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(*p)
	if err != nil || len(b) <= sumSize || subtle.ConstantTimeCompare(b[:sumSize], sum(scope, string(b[sumSize:]))) == 0 || strings.ContainsAny(*p, "\r\n") {
		return "", codecommitwire.NewInvalidContinuationToken("The value of nextToken is not one that this list has given.")
	}
	return string(b[sumSize:]), nil
}

func sum(scope, last string) []byte {
	h := sha256.Sum256([]byte(scope + "\x00" + last))
	return h[:sumSize]
}
