package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sojourn/internal/policy"
	"sojourn/internal/principal"
)

// Sealer seals a text for those who may read it in an account; "" when it is too long.
type Sealer interface {
	SealMessage(account string, text []byte) string
}

// Bounds of an encoded message, so that it stays in an answer's header.
const (
	maxValues = 8   // of one condition key
	maxValue  = 256 // bytes
)

// items is the form that the decoded message has for every list.
type items[T any] struct {
	Items []T `json:"items"`
}

type value struct {
	Value string `json:"value"`
}

type condition struct {
	Key    string       `json:"key"`
	Values items[value] `json:"values"`
}

// matched is a statement that decided. The last two fields are not AWS's.
type matched struct {
	ID         string           `json:"statementId"`
	Effect     string           `json:"effect"`
	Actions    items[value]     `json:"actions"`
	Resources  items[value]     `json:"resources"`
	Conditions items[condition] `json:"conditions"`
	PolicyType string           `json:"policyType"`
	Policy     string           `json:"policyName"`
}

// message is what DecodeAuthorizationMessage shows.
type message struct {
	Allowed      bool            `json:"allowed"`
	ExplicitDeny bool            `json:"explicitDeny"`
	Matched      items[matched]  `json:"matchedStatements"`
	Failures     items[struct{}] `json:"failures"`
	Context      struct {
		Principal struct {
			ID  string `json:"id"`
			ARN string `json:"arn"`
		} `json:"principal"`
		Action     string           `json:"action"`
		Resource   string           `json:"resource"`
		Conditions items[condition] `json:"conditions"`
	} `json:"context"`
}

// encoded is the sealed account of a refusal: without the condition keys where
// all would be too long, "" where that is too long as well.
func (g *Gate) encoded(c *principal.Caller, q *question, d policy.Decision) string {
	if g.sealer == nil {
		return ""
	}
	m := message{ExplicitDeny: d.Explicit, Matched: list(q.denying(d)), Failures: list[struct{}](nil)}
	m.Context.Principal.ID, m.Context.Principal.ARN = c.UserID(), c.ARN()
	m.Context.Action, m.Context.Resource = q.Action, q.Resource
	for _, conditions := range [][]condition{conditionsOf(q.Context), nil} {
		m.Context.Conditions = list(conditions)
		text, err := json.Marshal(m)
		if err != nil {
			return "" // of plain strings: cannot be
		}
		if sealed := g.sealer.SealMessage(c.Account, text); sealed != "" {
			return sealed
		}
	}
	return ""
}

// list is never null in JSON.
func list[T any](of []T) items[T] { return items[T]{append([]T{}, of...)} }

func conditionsOf(keys policy.Context) (out []condition) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		out = append(out, condition{key, values(keys[key])})
	}
	return out
}

func values(texts []string) items[value] {
	var out []value
	for _, t := range texts[:min(len(texts), maxValues)] {
		if len(t) > maxValue {
			t = strings.ToValidUTF8(t[:maxValue], "") + "…"
		}
		out = append(out, value{t})
	}
	return list(out)
}

// denying finds the statements that deny.
func (q *question) denying(d policy.Decision) (out []matched) {
	if !d.Explicit {
		return nil
	}
	for _, m := range policy.Explain(q.set, &q.Request).Matched {
		if m.Deny {
			out = append(out, shown(q.text(m.Policy), m))
		}
	}
	return out
}

// text is what a compiled policy was written as.
func (q *question) text(p *policy.Policy) string {
	if i := slices.Index(q.set.Identity, p); i >= 0 {
		return q.identity.Policies[i].Text
	}
	if i := slices.Index(q.set.Session, p); i >= 0 {
		return q.session[i].Text
	}
	if q.identity.Boundary != nil && p == q.set.Boundary {
		return q.identity.Boundary.Text
	}
	return "" // a trust policy, which no message speaks of
}

// document is a policy's text as far as the message shows it. The text has been
// parsed as a policy before.
type document struct {
	Statement oneOrMany[struct {
		Effect    string
		Action    oneOrMany[string]
		Resource  oneOrMany[string]
		Condition map[string]map[string]oneOrMany[any]
	}]
}

// oneOrMany is a JSON value that may stand without the brackets of its list.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	var many []T
	if json.Unmarshal(b, &many) == nil {
		*l = many
		return nil
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = []T{one}
	return err
}

// shown is a statement in the message's form.
func shown(text string, by policy.Match) matched {
	m := matched{ID: by.Sid, Effect: "DENY", Policy: by.Policy.Name, PolicyType: kinds[by.Kind], Actions: values(nil), Resources: values(nil), Conditions: list[condition](nil)}
	var doc document
	if json.Unmarshal([]byte(text), &doc) != nil || by.Statement >= len(doc.Statement) {
		return m
	}
	s := doc.Statement[by.Statement]
	m.Actions, m.Resources = values(s.Action), values(s.Resource)
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			var texts []string
			for _, v := range s.Condition[operator][key] {
				texts = append(texts, fmt.Sprint(v))
			}
			m.Conditions.Items = append(m.Conditions.Items, condition{key, values(texts)})
		}
	}
	return m
}
