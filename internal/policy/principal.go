package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sojourn/internal/arn"
)

// grant is how far the Allow of a resource's policy reaches, by what it names.
type grant uint8

const (
	notNamed  grant = iota
	delegated       // the account: the caller's own policies must allow too
	limited         // the role: counts as the identity's Allow; boundary and session policies still limit
	direct          // the user or the session itself: enough in the same account
)

// principals is a compiled Principal or NotPrincipal.
type principals struct {
	not       bool
	everyone  bool
	entities  []entity
	federated []string // provider ARNs and names, compared whole
	services  []string // names of services, compared whole
	written   []named  // by kind, in the order of principalKinds; none for "*"
}

// named is one principal as it is written.
type named struct{ kind, value string }

// entity is one value of Principal's "AWS".
type entity struct {
	kind    entityKind
	arn     string
	account string
	id      string // unique id: where it is set, it alone decides
	gone    bool   // the named user or role exists no longer
}

type entityKind uint8

const (
	accountEntity entityKind = iota
	userEntity
	roleEntity
	sessionEntity // assumed-role and federated-user sessions
	idEntity      // written as a unique id
)

// grants returns how p names c.
func (p *principals) grants(c *Caller) grant {
	g := p.names(c)
	if !p.not {
		return g
	}
	switch {
	case g != notNamed:
		return notNamed
	case c.Anonymous: // "all but" names no provider (see finding.admits)
		return delegated
	}
	return identityGrant(c)
}

// spares reports whether a Deny with NotPrincipal leaves c alone: it has to
// name both the account and the caller in it, as AWS checks one after the other.
// The account alone excepts only its root.
func (p *principals) spares(c *Caller) bool {
	if p.everyone || c.Anonymous {
		return p.names(c) != notNamed
	}
	account, itself := false, c.Root
	for i := range p.entities {
		switch e := &p.entities[i]; {
		case e.names(c) == notNamed:
		case e.kind == accountEntity:
			account = true
		default:
			itself = true
		}
	}
	return account && itself
}

func (p *principals) names(c *Caller) (g grant) {
	if c.Anonymous {
		if p.everyone || c.Federated != "" && slices.Contains(p.federated, c.Federated) ||
			c.Service != "" && slices.Contains(p.services, c.Service) {
			g = limited
		}
		return g
	}
	if p.everyone {
		g = identityGrant(c)
	}
	for i := range p.entities {
		g = max(g, p.entities[i].names(c))
	}
	return g
}

func (e *entity) names(c *Caller) grant {
	switch {
	case e.gone:
		return notNamed
	case e.id != "":
		if e.id != c.ID {
			return notNamed
		}
		return identityGrant(c)
	case e.kind == accountEntity && e.account == c.Account:
		return delegated
	case e.kind == sessionEntity && e.arn == c.ARN:
		return direct
	case (e.kind == userEntity || e.kind == roleEntity) && e.arn == c.PrincipalARN:
		return identityGrant(c)
	case e.kind == userEntity && e.arn == c.IssuerARN:
		return limited
	}
	return notNamed
}

// identityGrant is what naming the identity behind c, or everyone, gives c: all to a user
// who calls as such, a limited grant to a session of a role or of a user.
func identityGrant(c *Caller) grant {
	if c.ARN == c.PrincipalARN && strings.Contains(c.ARN, ":user/") {
		return direct
	}
	return limited
}

// parsePrincipal compiles the value of Principal or NotPrincipal.
func parsePrincipal(n *node) (*principals, error) {
	p := &principals{}
	if n.kind == jsonString && n.text == "*" {
		p.everyone = true
		return p, nil
	}
	if n.kind != jsonObject {
		return nil, errSyntax
	}
	if len(n.items) == 0 {
		return nil, errNoPrincipal
	}
	var kept lists
	for i := range n.items {
		kind := n.items[i].name
		values, ok := kept.strings(&n.items[i])
		if !ok || !slices.Contains(principalKinds, kind) {
			return nil, errSyntax
		}
		if len(values) == 0 {
			return nil, errNobody
		}
		for _, v := range values {
			if !p.add(kind, v) {
				return nil, invalidPrincipal(kind, v)
			}
			p.written = append(p.written, named{kind, v})
		}
	}
	slices.SortStableFunc(p.written, func(a, b named) int {
		return cmp.Compare(slices.Index(principalKinds, a.kind), slices.Index(principalKinds, b.kind))
	})
	return p, nil
}

// invalidPrincipal is worded as IAM has been seen to do it, kinds in capitals.
func invalidPrincipal(kind, value string) *Error {
	if kind == "Federated" {
		return refuse("Federated principals must be valid domain names or SAML metadata ARNs")
	}
	return refuse(`Invalid principal in policy: "%s":"%s"`, strings.ToUpper(kind), value)
}

var principalKinds = []string{"AWS", "Federated", "Service", "CanonicalUser"}

// add is false for a value that does not name a principal of its kind. Canonical
// users are names that no caller of this server has.
func (p *principals) add(kind, value string) bool {
	switch kind {
	case "Federated":
		p.federated = append(p.federated, value)
		return isProvider(value)
	case "Service":
		p.services = append(p.services, value)
		return isService(value)
	case "CanonicalUser":
		return len(value) == 64 && strings.Trim(value, "0123456789abcdef") == ""
	}
	if value == "*" {
		p.everyone = true
		return true
	}
	e, ok := parseEntity(value)
	p.entities = append(p.entities, e)
	return ok
}

func parseEntity(s string) (entity, bool) {
	if arn.IsAccount(s) {
		return entity{kind: accountEntity, account: s, arn: arn.IAM(s, "root")}, true
	}
	if isUniqueID(s) {
		return entity{kind: idEntity, id: s}, true
	}
	a, err := arn.Parse(s)
	if err != nil || !isPartition(a.Partition) || a.Region != "" || !arn.IsAccount(a.Account) || strings.ContainsAny(s, "*?$") {
		return entity{}, false
	}
	e := entity{arn: s, account: a.Account}
	switch what, name, _ := strings.Cut(a.Resource, "/"); {
	case a.Service == "iam" && a.Resource == "root":
		e.kind = accountEntity
	case a.Service == "iam" && what == "user" && isName(name):
		e.kind = userEntity
	case a.Service == "iam" && what == "role" && isName(name):
		e.kind = roleEntity
	case a.Service == "sts" && what == "assumed-role" && isName(name) && strings.Count(name, "/") == 1,
		a.Service == "sts" && what == "federated-user" && isName(name) && !strings.Contains(name, "/"):
		e.kind = sessionEntity
	default:
		return entity{}, false
	}
	return e, true
}

// isName accepts a name with the path before it.
func isName(s string) bool {
	return s != "" && !strings.HasPrefix(s, "/") && !strings.HasSuffix(s, "/") && !strings.ContainsAny(s, ": \t\n")
}

func isUniqueID(s string) bool {
	if len(s) != 21 || s[:4] != "AIDA" && s[:4] != "AROA" {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// isProvider accepts the ARNs of SAML, OIDC and directory providers and the
// names of the providers that need no registration.
func isProvider(s string) bool {
	switch s {
	case "accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com":
		return true
	}
	a, err := arn.Parse(s)
	if err != nil || !isPartition(a.Partition) || !arn.IsAccount(a.Account) || strings.ContainsAny(s, "*?$ ") {
		return false
	}
	what, name, _ := strings.Cut(a.Resource, "/")
	if name == "" {
		return false
	}
	switch a.Service {
	case "iam":
		return a.Region == "" && (what == "saml-provider" || what == "oidc-provider")
	case "ds":
		return a.Region != "" && what == "directory"
	}
	return false
}

func isService(s string) bool {
	return strings.Contains(s, ".amazonaws.com") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

func isPartition(s string) bool {
	switch s {
	case "aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f":
		return true
	}
	return false
}

// Principals returns the ARNs that a trust policy names under "AWS", each once,
// in order; an account in short form comes as its root. "*" and unique ids are
// not ARNs.
func (p *Policy) Principals() (arns []string) {
	for i := range p.statements {
		who := p.statements[i].principals
		if who == nil {
			continue
		}
		for _, e := range who.entities {
			if e.arn != "" && !slices.Contains(arns, e.arn) {
				arns = append(arns, e.arn)
			}
		}
	}
	return arns
}

// BindPrincipals ties the users and roles that a trust policy names to their
// unique ids, so that a later user or role of the same name is not the one
// trusted. An ARN with the id "" is one that exists no longer: it names nobody.
// An ARN that ids does not have stays compared by name. Copies made of *p
// before the call are not changed.
func (p *Policy) BindPrincipals(ids map[string]string) {
	ids = maps.Clone(ids)
	p.statements = slices.Clone(p.statements)
	for i := range p.statements {
		who := p.statements[i].principals
		if who == nil {
			continue
		}
		bound := *who
		bound.entities = slices.Clone(who.entities)
		for j := range bound.entities {
			bound.entities[j].bind(ids)
		}
		p.statements[i].principals = &bound
	}
}

func (e *entity) bind(ids map[string]string) {
	if e.kind != userEntity && e.kind != roleEntity {
		return
	}
	if id, ok := ids[e.arn]; ok {
		e.id, e.gone = id, id == ""
	}
}
