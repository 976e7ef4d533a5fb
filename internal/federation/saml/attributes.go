package saml

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/lazyre"
)

// Attributes by which a provider speaks to STS. Names are case-sensitive.
const (
	attributePrefix = "https://aws.amazon.com/SAML/Attributes/"
	roleAttribute   = attributePrefix + "Role"
	nameAttribute   = attributePrefix + "RoleSessionName"
	lengthAttribute = attributePrefix + "SessionDuration"
	sourceAttribute = attributePrefix + "SourceIdentity"
	keysAttribute   = attributePrefix + "TransitiveTagKeys"
	tagPrefix       = attributePrefix + "PrincipalTag:"
)

const (
	maxTags  = 50
	maxValue = 8192 // characters of any value that is used

	minDuration = 900 // seconds
	maxDuration = 43200
)

var sessionName = lazyre.New(`^[\w+=,.@-]{2,64}$`)

// values are the attributes of an assertion by name.
type values map[string][]string

func attributesError(text, format string, args ...any) error {
	return invalid(text, refuse(StageAttributes, format, args...))
}

func tagsError(format string, args ...any) error {
	reason := fmt.Sprintf(format, args...)
	return rejected("The SAML assertion's attributes are not valid: "+reason, refuse(StageAttributes, "%s", reason))
}

// readAttributes fills in what the proven assertion's attributes say.
func (a *Assertion) readAttributes(assertion *node) error {
	v, err := readValues(assertion.saml("AttributeStatement"))
	if err != nil {
		return err
	}
	for _, read := range []func(values) error{a.readRoles, a.readSessionName, a.readDuration, a.readSource, a.readTags, a.readTransitive, a.readContext} {
		if err := read(v); err != nil {
			return err
		}
	}
	return nil
}

// readValues wants each name once where it decides anything: of two, readers
// could take either.
func readValues(statement *node) (values, error) {
	v := values{}
	if statement == nil {
		return v, nil
	}
	for _, n := range statement.children {
		name := n.attr("Name")
		if _, ours := contextKeys()[name]; !ours && !strings.HasPrefix(name, attributePrefix) {
			continue
		}
		if _, taken := v[name]; taken {
			return nil, tagsError("attribute %s is there twice", printable(name))
		}
		v[name] = []string{}
		for _, value := range n.children {
			s := value.text
			if id := value.child(elNameID); id != nil {
				s = id.text
			}
			if s != "" && !plain(s, maxValue) {
				return nil, tagsError("a value of %s is blank, too long or holds control characters", printable(name))
			}
			v[name] = append(v[name], s)
		}
	}
	return v, nil
}

// readRoles keeps the roles of the pairs that name this provider. What is no
// pair is refused, whomever it names.
func (a *Assertion) readRoles(v values) error {
	for _, pair := range v[roleAttribute] {
		role, provider, err := splitPair(pair)
		if err != nil {
			return err
		}
		if provider == a.Provider && !slices.Contains(a.Roles, role) {
			a.Roles = append(a.Roles, role)
		}
	}
	if len(a.Roles) == 0 {
		return attributesError("SAML Assertion doesn't contain the requested Role and Metadata in the attributes", "no role of this provider")
	}
	return nil
}

// splitPair reads "role,provider" in either order.
func splitPair(s string) (role, provider string, err error) {
	first, second, _ := strings.Cut(s, ",")
	switch {
	case isIAM(first, "role/") && isIAM(second, "saml-provider/"):
		return first, second, nil
	case isIAM(first, "saml-provider/") && isIAM(second, "role/"):
		return second, first, nil
	}
	return "", "", attributesError("SAML Assertion doesn't contain the requested Role and Metadata in the attributes",
		"a value of Role is not the ARNs of a role and a provider")
}

var resourceName = lazyre.New(`^[\w+=.@/-]+$`) // no comma, which parts the pair

func isIAM(s, kind string) bool {
	a, err := arn.Parse(s)
	if err != nil || a.Service != "iam" || a.Region != "" || !arn.IsAccount(a.Account) {
		return false
	}
	rest, ok := strings.CutPrefix(a.Resource, kind)
	return ok && resourceName.MatchString(rest)
}

func (a *Assertion) readSessionName(v values) error {
	switch got := v[nameAttribute]; {
	case len(got) != 1:
		return attributesError("RoleSessionName is required in AuthnResponse", "%d values of RoleSessionName", len(got))
	case !sessionName.MatchString(got[0]):
		return attributesError("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}", "RoleSessionName does not match")
	default:
		a.SessionName = got[0]
		return nil
	}
}

// single is the one value of an attribute; ok is false where the attribute is
// absent.
func (v values) single(attr string) (value string, ok bool, err error) {
	got, ok := v[attr]
	if ok && len(got) != 1 {
		return "", false, tagsError("%s has %d values", printable(attr), len(got))
	}
	if !ok {
		return "", false, nil
	}
	return got[0], true, nil
}

func (a *Assertion) readDuration(v values) error {
	s, ok, err := v.single(lengthAttribute)
	if err != nil || !ok {
		return err
	}
	seconds, err := strconv.ParseUint(s, 10, 32)
	if err != nil || seconds < minDuration || seconds > maxDuration {
		return tagsError("SessionDuration is not a number of seconds from %d to %d", minDuration, maxDuration)
	}
	a.SessionDuration = time.Duration(seconds) * time.Second
	return nil
}

func (a *Assertion) readSource(v values) error {
	s, ok, err := v.single(sourceAttribute)
	if err != nil || !ok {
		return err
	}
	if !sessionName.MatchString(s) || strings.HasPrefix(strings.ToLower(s), "aws:") {
		return rejected("Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
			refuse(StageAttributes, "SourceIdentity does not match"))
	}
	a.SourceIdentity = s
	return nil
}

func (a *Assertion) readTags(v values) error {
	a.Tags = map[string]string{}
	folded := map[string]bool{}
	for attr := range v {
		key, ok := strings.CutPrefix(attr, tagPrefix)
		if !ok {
			continue
		}
		value, _, err := v.single(attr)
		switch fold := strings.ToLower(key); {
		case err != nil:
			return err
		case key == "" || folded[fold]:
			return tagsError("a tag has no key, or the key of another")
		case len(a.Tags) == maxTags:
			return tagsError("more than %d tags", maxTags)
		default:
			folded[fold] = true
			a.Tags[key] = value
		}
	}
	return nil
}

func (a *Assertion) readTransitive(v values) error {
	for _, key := range v[keysAttribute] {
		if _, ok := a.Tags[key]; !ok || slices.Contains(a.Transitive, key) {
			return tagsError("TransitiveTagKeys names a key that is no tag, or one twice")
		}
		a.Transitive = append(a.Transitive, key)
	}
	return nil
}
