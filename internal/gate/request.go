package gate

import (
	"context"

	"sojourn/internal/audit"
	"sojourn/internal/policy"
	"sojourn/internal/store"
)

// Request is one act that a caller asks for.
type Request struct {
	Action   string // "codecommit:GetRepository"
	Resource string // the ARN it is done to, or "*" for acts without a resource

	// ResourceAccount owns the resource; "" means the caller's own account.
	ResourceAccount string
	ResourceTags    []store.Tag

	// Context holds the keys that only this act has, in lower case
	// ("sts:externalid", "codecommit:references").
	Context map[string][]string

	// Trust is the trust policy of the role in Resource; nil for all other acts.
	Trust *policy.Policy
	// Federated is the ARN or the name of a provider whose proof takes the place
	// of a caller (AssumeRoleWithWebIdentity).
	Federated string
	// Service is the service that has taken a proof in a caller's place, and acts
	// for it: "rolesanywhere.amazonaws.com".
	Service string
	// Audience are the keys of Context that say whom the proof was made out to,
	// where nobody has checked them: Trust must, or the answer is no.
	Audience []string

	// Issue makes what the act gives out, once it is allowed and before it is
	// recorded: the record names the new key. Nothing may leave the server
	// before Authorize returns nil. An error of it is recorded and returned.
	Issue func(context.Context) (*audit.Issued, error)

	// Params are recorded with the decision. They hold names, never secrets.
	Params map[string]string
}
