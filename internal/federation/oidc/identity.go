package oidc

import (
	"fmt"
	"strings"
)

// The claims by which a provider tags a session.
const (
	tagsClaim           = "https://aws.amazon.com/tags"
	sourceIdentityClaim = "https://aws.amazon.com/source_identity"
)

// identity is what a checked token comes to.
func (c *claims) identity(p knownIssuer, stale bool) (*Identity, error) {
	client, _ := c.client()
	id := &Identity{Provider: p.OIDCProvider, BuiltIn: p.builtIn, Subject: c.subject, Audience: client, StaleKeys: stale}
	var err error
	if id.Context, err = c.context(p.URL); err != nil {
		return nil, err
	}
	if err := c.tags(id); err != nil {
		return nil, err
	}
	if v, ok := c.all[sourceIdentityClaim]; ok {
		if id.SourceIdentity, ok = v.(string); !ok || id.SourceIdentity == "" {
			return nil, rejected("The claim " + sourceIdentityClaim + " is not a text")
		}
	}
	return id, nil
}

// context makes the condition keys. As on AWS, aud is the authorised party
// where there is one, and the real audience is oaud then. An address that the
// provider has not verified is anybody's, so it makes no key.
func (c *claims) context(url string) (map[string][]string, error) {
	prefix := strings.ToLower(url) + ":"
	client, _ := c.client()
	keys := map[string][]string{prefix + "sub": {c.subject}, prefix + "aud": {client}}
	if c.party != "" {
		keys[prefix+"azp"] = []string{c.party}
		keys[prefix+"oaud"] = c.audience
	}
	if _, ok := c.all["amr"]; ok {
		amr, err := c.texts("amr")
		if err != nil {
			return nil, malformed(err)
		}
		keys[prefix+"amr"] = amr
	}
	if verified := c.all["email_verified"]; verified == true || verified == "true" {
		email, err := c.name("email")
		if err != nil {
			return nil, malformed(err)
		}
		keys[prefix+"email"] = []string{email}
	}
	return keys, nil
}

// tags reads {"principal_tags":{"k":["v"]},"transitive_tag_keys":["k"]}.
func (c *claims) tags(id *Identity) error {
	v, ok := c.all[tagsClaim]
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return badTags("it is no object")
	}
	for name, value := range m {
		switch name {
		case "principal_tags":
			if id.Tags, ok = principalTags(value); !ok {
				return badTags("principal_tags wants one text in a list for each key")
			}
		case "transitive_tag_keys":
			if id.Transitive, ok = textList(value); !ok {
				return badTags("transitive_tag_keys is no list of texts")
			}
		default:
			return badTags("it holds a name other than principal_tags and transitive_tag_keys")
		}
	}
	return nil
}

func badTags(reason string) error {
	return rejected(fmt.Sprintf("The claim %s is not valid: %s", tagsClaim, reason))
}

func principalTags(v any) (map[string]string, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	tags := make(map[string]string, len(m))
	for key, value := range m {
		list, ok := textList(value)
		if !ok || len(list) != 1 {
			return nil, false
		}
		tags[key] = list[0]
	}
	return tags, true
}

func textList(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}
