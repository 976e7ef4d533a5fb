package directory

import (
	"context"
	"errors"

	"sojourn/internal/awserr"
	"sojourn/internal/store"
)

// Found is a person as an administrator sees them.
type Found struct {
	Person
	State string // why the account may not be used, "" where it may
}

// Find finds the person that a name means, without a password: for those who
// administer a directory, who may be told why there is none. The error is a
// *Refusal, or as SignIn's.
func (v *Verifier) Find(ctx context.Context, d store.Directory, name string) (*Found, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, plain(err)
	}
	leave, err := v.enter(d.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out *Found
	err = v.with(ctx, d, func(c *session) error {
		f, err := v.find(c, name)
		if err != nil {
			return err
		}
		if f.person.Groups, err = groups(c, f.entry.DN, f.person.UserName); err != nil {
			return err
		}
		out = &Found{*f.person, state(f.entry, v.o.Now())}
		return nil
	})
	if err != nil {
		return nil, plain(err)
	}
	return out, nil
}

// plain is the reason of a refusal itself.
func plain(err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return err
}

// Answer is how one server answers.
type Answer struct {
	URL string
	Err error // nil where the service account can be bound and the base is there
}

// Test asks each server of a directory, those behind the first too.
func (v *Verifier) Test(ctx context.Context, d store.Directory) ([]Answer, error) {
	leave, err := v.enter(d.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	out := make([]Answer, 0, len(d.URLs))
	for _, url := range d.URLs {
		one := d
		one.URLs = []string{url}
		err := v.with(ctx, one, func(c *session) error {
			_, err := c.search(d.BaseDN, 0, "(objectClass=*)", 1, []string{"1.1"})
			return err
		})
		if e, ok := errors.AsType[*awserr.Error](err); ok && e.Cause != nil {
			err = e.Cause
		}
		out = append(out, Answer{url, err})
	}
	return out, nil
}
