package directory

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"sojourn/internal/secret"
	"sojourn/internal/store"
)

// signing is one sign-in.
type signing struct {
	v        *Verifier
	d        store.Directory
	name     string
	password secret.String
	guess    *guess

	person *Person
}

// run goes the way of every sign-in on a server: the entry, the throttle by the
// entry's own id, the password, the account, the groups. For a name that nobody
// has, and for who has to wait, it goes as far.
func (s *signing) run(c *session) error {
	found, err := s.v.find(c, s.name)
	refusal, unknown := errors.AsType[*Refusal](err)
	if err != nil && !unknown {
		return err
	}
	dn, wait := decoyDN(s.d), ""
	if !unknown {
		if wait = s.guess.means(found.person.ID); wait == "" {
			dn = found.entry.DN
		}
	}
	reason, err := try(c, dn, s.password)
	if err != nil {
		return err
	}
	switch {
	case unknown:
		reason = refusal.Reason
	case wait != "":
		reason = wait
	case reason == wrongPassword: // which some directories say of all accounts that may not be used
		reason = cmp.Or(state(found.entry, s.v.o.Now()), reason)
	}
	if reason != "" {
		s.guess.failed()
		return refused(reason)
	}
	s.guess.succeeded()
	if reason := state(found.entry, s.v.o.Now()); reason != "" {
		return refused(reason)
	}
	if err := c.bind(); err != nil {
		return err
	}
	if found.person.Groups, err = groups(c, found.entry.DN, found.person.UserName); err != nil {
		return err
	}
	s.person = found.person
	return nil
}

// decoyDN is that of an entry that is not there, which is bound in place of a
// person who is not there.
func decoyDN(d store.Directory) string { return "CN=sojourn-nobody," + d.BaseDN }

// try has the directory check a password, and returns why not, "" for right.
func try(c *session, dn string, password secret.String) (reason string, err error) {
	result, err := c.SimpleBind(ldap.NewSimpleBindRequest(dn, password.Reveal(), []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}))
	reason, refuses := bindRefusal(result, err)
	if refuses {
		return reason, nil
	}
	if err != nil {
		return "", fmt.Errorf("trying a password: %w", err)
	}
	return "", nil
}

// found is an entry and who it is.
type found struct {
	entry  *ldap.Entry
	person *Person
}

// find finds the one entry that a name means. A name that means none, or more
// than one, is refused.
func (v *Verifier) find(c *session, name string) (*found, error) {
	attributes := append([]string{c.d.IdentityAttribute, c.d.UserNameAttribute}, stateAttributes...)
	entries, err := c.search(c.d.BaseDN, ldap.ScopeWholeSubtree, fill(c.d.UserFilter, bare(c.d, name), ""), 2, attributes)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || len(entries) > 1:
		return nil, refused("the name means more than one entry")
	case err != nil:
		return nil, fmt.Errorf("looking for the user: %w", err)
	case len(entries) == 0:
		return nil, refused("there is no such user")
	}
	p, err := personOf(c.d, entries[0])
	if err != nil {
		return nil, refused(err.Error())
	}
	return &found{entries[0], p}, nil
}

// bare takes the domain's short name off SHORT\user.
func bare(d store.Directory, name string) string {
	if domain, user, ok := strings.Cut(name, `\`); ok && d.ShortName != "" && strings.EqualFold(domain, d.ShortName) {
		return user
	}
	return name
}

func personOf(d store.Directory, e *ldap.Entry) (*Person, error) {
	id, err := identity(e, d.IdentityAttribute)
	if err != nil {
		return nil, err
	}
	dn, err := Normalise(e.DN) // an empty one would be bound as anybody
	if err != nil {
		return nil, err
	}
	base, err := Normalise(d.BaseDN)
	if err != nil {
		return nil, err
	}
	if !below(dn, base) {
		return nil, errors.New("the entry is not below the base")
	}
	names := e.GetAttributeValues(d.UserNameAttribute)
	if len(names) != 1 || names[0] == "" {
		return nil, fmt.Errorf("the entry has %d values of %s, not one", len(names), d.UserNameAttribute)
	}
	return &Person{Directory: d.ID, ID: id, UserName: names[0], DN: dn}, nil
}
