package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"sojourn/internal/iam/identity"
	"sojourn/internal/policy"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const trustSize = 2048 // characters that are not white space

// resolveTrust checks a trust policy and returns the unique ids of the users
// and roles that it names, so that another entity that later takes one of these
// names is not trusted.
func resolveTrust(tx store.Tx, document string) (map[string]string, error) {
	p, err := policy.Parse(policy.Trust, document)
	if err != nil {
		return nil, malformed(err)
	}
	if size(document) > trustSize {
		return nil, iamwire.NewLimitExceeded("Cannot exceed quota for ACLSizePerRole: %d", trustSize)
	}
	written, err := uniqueIDs(document)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string)
	for _, name := range append(p.Principals(), written...) {
		id, err := resolvePrincipal(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			return nil, iamwire.NewMalformedPolicyDocument("Invalid principal in policy: %q:%q", "AWS", name)
		}
		if err != nil {
			return nil, fmt.Errorf("principal %q: %w", name, err)
		}
		if id != "" {
			ids[name] = id
		}
	}
	return ids, nil
}

// uniqueIDs returns the principals that a document names by their unique ids.
func uniqueIDs(document string) (ids []string, err error) {
	_, err = mapPrincipals(document, func(name string) string {
		if strings.HasPrefix(name, "AIDA") || strings.HasPrefix(name, "AROA") {
			ids = append(ids, name)
		}
		return name
	})
	return ids, err
}

// shownTrust is a role's trust policy as it is shown: a principal under the
// name that it has now, or as its unique id when it is gone. Where nothing has
// changed that is the text as it was written.
func shownTrust(tx store.Tx, r store.Role) (string, error) {
	names := make(map[string]string)
	for written, id := range r.TrustIDs {
		now, err := nameOf(tx, id)
		if err != nil {
			return "", fmt.Errorf("principal %q in the trust policy of role %q: %w", written, r.Name, err)
		}
		if now != written {
			names[written] = now
		}
	}
	if len(names) == 0 {
		return r.Trust, nil
	}
	return mapPrincipals(r.Trust, func(name string) string {
		if now, ok := names[name]; ok {
			return now
		}
		return name
	})
}

// nameOf is how the user or role of this id is called now; the id itself when it is gone.
func nameOf(tx store.Tx, id string) (now string, err error) {
	if strings.HasPrefix(id, "AROA") {
		var r store.Role
		r, err = tx.RoleByID(id)
		now = identity.RoleARN(r)
	} else {
		var u store.User
		u, err = tx.UserByID(id)
		now = identity.UserARN(u)
	}
	if errors.Is(err, store.ErrNotFound) {
		return id, nil
	}
	return now, err
}

// mapPrincipals passes each AWS principal of a policy document through f and
// leaves every other byte as it is.
func mapPrincipals(document string, f func(name string) string) (string, error) {
	d := json.NewDecoder(strings.NewReader(document))
	var out strings.Builder
	var at path
	var done, last int64 // bytes copied; end of the last token
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(at) == 0 {
			break
		}
		if err != nil {
			return "", fmt.Errorf("reading a trust policy: %w", err)
		}
		name, ok := token.(string)
		if ok && at.principal() {
			if now := f(name); now != name {
				start := last + int64(strings.IndexByte(document[last:], '"'))
				out.WriteString(document[done:start])
				out.WriteString(quoted(now))
				done = d.InputOffset()
			}
		}
		at.step(token)
		last = d.InputOffset()
	}
	out.WriteString(document[done:])
	return out.String(), nil
}

// quoted is s as a JSON string.
func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always marshals
	return string(b)
}

// path is where a JSON decoder stands: its levels from the outside in.
type path []level

type level struct {
	object bool
	key    string // the member that the decoder is in
	inKey  bool   // the next token is a member's value
}

// step moves behind a token.
func (p *path) step(token json.Token) {
	switch token {
	case json.Delim('{'), json.Delim('['):
		*p = append(*p, level{object: token == json.Delim('{')})
		return
	case json.Delim('}'), json.Delim(']'):
		*p = (*p)[:len(*p)-1]
		p.valueDone()
		return
	}
	if top := p.top(); top != nil && top.object && !top.inKey {
		top.key, _ = token.(string)
		top.inKey = true
		return
	}
	p.valueDone()
}

func (p *path) valueDone() {
	if top := p.top(); top != nil {
		top.inKey = false
	}
}

func (p path) top() *level {
	if len(p) == 0 {
		return nil
	}
	return &p[len(p)-1]
}

// principal reports whether the next token is a value of
// Statement / Principal or NotPrincipal / AWS.
func (p path) principal() bool {
	var keys []string
	for _, l := range p {
		switch {
		case l.object && !l.inKey:
			return false // the next token is a key
		case l.object:
			keys = append(keys, l.key)
		}
	}
	return len(keys) == 3 && keys[0] == "Statement" && strings.TrimPrefix(keys[1], "Not") == "Principal" && keys[2] == "AWS"
}
