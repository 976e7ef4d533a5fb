package gate

import (
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
	// Federated is the provider's ARN when a provider's proof takes the place
	// of a caller (AssumeRoleWithWebIdentity).
	Federated string

	// Params are recorded with the decision. They hold names, never secrets.
	Params map[string]string
}
