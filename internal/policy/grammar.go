package policy

import (
	"slices"
	"strings"
)

// A rule checks one thing in all statements and may fill in their compiled
// form. IAM reports the first rule broken, not the first bad statement, so the
// order of the rules decides which text a document with two mistakes gets.
type rule func(*document) error

var (
	managedRules  = append([]rule{hasVersion2012}, identityRules...)
	identityRules = []rule{noPrincipal, passesLegacyParsing, hasGoodSids, hasActions, hasGoodResources, hasGoodActions, hasResources}
	resourceRules = []rule{passesLegacyParsing, hasGoodSids, hasPrincipals, hasActions, hasGoodResources, hasGoodActions, hasResources}
	trustRules    = []rule{passesLegacyParsing, hasGoodSids, noResource, hasPrincipals, hasActions, hasGoodActions, hasOnlySTS}
)

func (d *document) check(kind Kind, managed bool) error {
	rules := identityRules
	switch {
	case managed:
		rules = managedRules
	case kind == Trust:
		rules = trustRules
	case kind == Resource:
		rules = resourceRules
	case kind > Resource:
		return errSyntax
	}
	for _, r := range rules {
		if err := r(d); err != nil {
			return err
		}
	}
	return nil
}

// compile collects what the rules have compiled.
func (d *document) compile(kind Kind) *Policy {
	p := &Policy{kind: kind, version: d.version, id: d.id, statements: make([]statement, len(d.statements)), conditions: d.asked}
	for i := range d.statements {
		e := &d.statements[i]
		s := &p.statements[i]
		*s = e.compiled
		s.deny = e.effect == "Deny"
		s.never = len(s.unknown) > 0 && !s.deny
		s.notAction = e.member("NotAction")
		s.notResource = e.member("NotResource")
		slices.Sort(s.unknown)
		d.classify(p, i)
		p.ask(s)
	}
	return p
}

// classify compiles the actions of a statement and says whether it speaks of the
// same actions and resources as the one before.
func (d *document) classify(p *Policy, i int) {
	e, s := &d.statements[i], &p.statements[i]
	if i == 0 {
		s.actions = compileActions(e.actions)
		return
	}
	written, before := &d.statements[i-1], &p.statements[i-1]
	s.actionClass, s.resourceClass = before.actionClass, before.resourceClass
	switch {
	case !slices.Equal(e.actions, written.actions):
		s.actions = compileActions(e.actions)
		s.actionClass++
	case s.notAction != before.notAction:
		s.actions = before.actions
		s.actionClass++
	default:
		s.actions = before.actions
	}
	if s.notResource != before.notResource || s.deny != before.deny || !slices.Equal(e.resources, written.resources) {
		s.resourceClass++
	}
}

func compileActions(written []string) []action {
	out := make([]action, len(written))
	for i, a := range written {
		out[i] = compileAction(a)
	}
	return out
}

// ask notes what the conditions of s have in common.
func (p *Policy) ask(s *statement) {
	for _, i := range s.conditions {
		c := &p.conditions[i]
		s.asks |= uint64(1) << i // nothing from the 64th on
		s.byCaller = s.byCaller || !c.negated && c.key == principalARN
	}
}

var principalARN = newKey("aws:PrincipalArn").keyRef

func (d *document) variables() bool { return d.version == version2012 }

func hasVersion2012(d *document) error {
	if d.version != version2012 {
		return refuse("Policy document must be version 2012-10-17 or greater.")
	}
	return nil
}

func noPrincipal(d *document) error {
	for i := range d.statements {
		if d.statements[i].principal != nil {
			return refuse("Policy document should not specify a principal.")
		}
	}
	return nil
}

// passesLegacyParsing wants an exact Effect, condition values that fit their
// operators, and resources with the parts of an ARN.
func passesLegacyParsing(d *document) error {
	const few = 16 // different conditions that most documents do with
	known := make(keys, 0, few)
	d.asked = make([]condition, 0, few)
	for i := range d.statements {
		e := &d.statements[i]
		if e.effect != "Allow" && e.effect != "Deny" {
			return errLegacy
		}
		slices.SortFunc(e.conditions, func(a, b rawCondition) int { return a.order(&b) })
		e.compiled.conditions = make([]uint16, len(e.conditions))
		for j := range e.conditions {
			var err error
			if e.compiled.conditions[j], err = d.condition(&e.conditions[j], &known); err != nil {
				return errLegacy
			}
		}
		if i > 0 && slices.Equal(e.resources, d.statements[i-1].resources) {
			e.compiled.resources, e.resourceError = d.statements[i-1].compiled.resources, d.statements[i-1].resourceError
			continue
		}
		for _, text := range e.resources {
			t, err := compileResource(text, d.variables())
			if err == errLegacy {
				return err
			}
			if err != nil && e.resourceError == nil {
				e.resourceError = err
			}
			e.compiled.resources = append(e.compiled.resources, t)
		}
	}
	return nil
}

// condition compiles what a statement asks for, or finds it among what others
// have asked for before, and returns where it stands. Statements of one policy
// often ask for the same; what an evaluation remembers (see memory) stands once.
func (d *document) condition(raw *rawCondition, known *keys) (uint16, error) {
	for i := range min(len(d.asked), remembered) {
		if d.asked[i].source.same(&raw.source) {
			return uint16(i), nil
		}
	}
	c, err := raw.compile(known.find(raw.key), d.variables())
	if err != nil {
		return 0, err
	}
	d.asked = append(d.asked, c)
	return uint16(len(d.asked) - 1), nil
}

func hasGoodSids(d *document) error {
	seen := make(map[string]bool)
	for i := range d.statements {
		sid := d.statements[i].compiled.sid
		if strings.ContainsFunc(sid, func(r rune) bool { return !isAlphanumeric(r) }) {
			return refuse("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
		}
		if sid != "" && seen[sid] {
			return refuse("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[sid] = true
	}
	return nil
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

func hasActions(d *document) error {
	for i := range d.statements {
		if len(d.statements[i].actions) == 0 {
			return refuse("Policy statement must contain actions.")
		}
	}
	return nil
}

func hasResources(d *document) error {
	for i := range d.statements {
		if len(d.statements[i].resources) == 0 {
			return refuse("Policy statement must contain resources.")
		}
	}
	return nil
}

func hasGoodResources(d *document) error {
	for i := range d.statements {
		if err := d.statements[i].resourceError; err != nil {
			return err
		}
	}
	return nil
}

func noResource(d *document) error {
	for i := range d.statements {
		for _, name := range []string{"Resource", "NotResource"} {
			if d.statements[i].member(name) {
				return refuse("Has prohibited field %s.", name)
			}
		}
	}
	return nil
}

func hasPrincipals(d *document) error {
	for i := range d.statements {
		e := &d.statements[i]
		if e.principal == nil {
			return errNoPrincipal
		}
		p, err := parsePrincipal(e.principal)
		if err != nil {
			return err
		}
		p.not = e.member("NotPrincipal")
		e.compiled.principals = p
	}
	return nil
}

func hasGoodActions(d *document) error {
	for i := range d.statements {
		for _, a := range d.statements[i].actions {
			if err := checkAction(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkAction wants "*" or "service:Name" with wildcards in the name only.
func checkAction(s string) error {
	if s == "*" || s == "*:*" {
		return nil
	}
	service, name, found := strings.Cut(s, ":")
	switch {
	case !found:
		return refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.Contains(name, ":"):
		return refuse("Actions/Condition can contain only one colon.")
	case service == "" || strings.ContainsFunc(service, func(r rune) bool { return !isAlphanumeric(r) && r != '-' && r != '.' }):
		return refuse("Vendor %s is not valid", service)
	case name == "":
		return refuse("Action %s has no name.", s)
	}
	return nil
}

// trustActions are all that a trust policy may speak of: AWS's, and the one
// that proves an identity by a directory's password.
var trustActions = []string{
	"assumerole", "assumerolewithsaml", "assumerolewithwebidentity", "assumerolewithldapidentity",
	"setcontext", "setsourceidentity", "tagsession",
}

func hasOnlySTS(d *document) error {
	for i := range d.statements {
		for _, s := range d.statements[i].actions {
			a := compileAction(s)
			if a.service != "sts" || !slices.ContainsFunc(trustActions, func(t string) bool { return a.name.match(t) }) {
				return refuse("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
	}
	return nil
}
