package directory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// together is how many groups are asked about at once.
const together = 20

// errTooManyGroups refuses rather than leave out the group that a Deny asks for.
var errTooManyGroups = fmt.Errorf("the user is in more than %d groups, or deeper than %d levels", maxGroups, maxDepth)

// groups are the normalised DNs of the groups that a user is in, sorted. Groups
// in groups are walked level by level, each once, so a circle ends.
func groups(c *session, dn, username string) ([]string, error) {
	all := map[string]bool{}
	level := []string{dn}
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxDepth {
			return nil, refused(errTooManyGroups.Error())
		}
		next, err := groupsOf(c, level, username, all)
		if err != nil {
			return nil, err
		}
		if level = next; c.d.GroupNesting != Walk {
			break
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// groupsOf adds the groups that members are in to all, and returns those that
// are new, as the directory spells them.
func groupsOf(c *session, members []string, username string, all map[string]bool) (fresh []string, err error) {
	for some := range slices.Chunk(members, together) {
		entries, err := c.search(c.d.GroupBaseDN, ldap.ScopeWholeSubtree, anyOf(c.d.GroupFilter, username, some), maxGroups+1, []string{"1.1"})
		if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
			return nil, refused(errTooManyGroups.Error())
		}
		if err != nil {
			return nil, fmt.Errorf("looking for groups: %w", err)
		}
		for _, e := range entries {
			dn, err := Normalise(e.DN)
			if err != nil {
				return nil, errors.New("a group's DN is none")
			}
			if !all[dn] {
				all[dn] = true
				fresh = append(fresh, e.DN)
			}
		}
		if len(all) > maxGroups {
			return nil, refused(errTooManyGroups.Error())
		}
	}
	return fresh, nil
}

// anyOf is the filter of the groups that any of these members is in.
func anyOf(filter, username string, members []string) string {
	var b strings.Builder
	b.WriteString("(|")
	for _, m := range members {
		b.WriteString(fill(filter, username, m))
	}
	b.WriteString(")")
	return b.String()
}
