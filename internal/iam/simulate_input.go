package iam

import (
	"encoding/base64"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/policy"
	"sojourn/internal/wire/iamwire"
)

// checkActions wants "service:Name", each one operation.
func checkActions(names []string) error {
	for _, name := range names {
		service, operation, _ := strings.Cut(name, ":")
		if !isWord(service, "-.") || !isWord(operation, "_") {
			return iamwire.NewInvalidInput("Invalid Action: %s is not the name of an operation with its service, such as iam:CreateUser.", name)
		}
	}
	return nil
}

// isWord accepts letters, digits and the others.
func isWord(s, others string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(others, r)
	})
}

func checkResources(names []string) error {
	for _, name := range names {
		if name != "*" && (!strings.HasPrefix(name, "arn:") || strings.Count(name, ":") < 5) {
			return iamwire.NewInvalidInput("ResourceNames are not in a valid ARN format: %s.", name)
		}
	}
	return nil
}

// simulatedCaller is who calls in a simulation: a user of any account, who
// need not exist. Without a name it is somebody of the account; only a policy
// of the resource needs to know who.
func simulatedCaller(account string, q *question) (policy.Caller, error) {
	if q.CallerArn == nil && q.ResourcePolicy == nil {
		return policy.Caller{Account: account}, nil
	}
	name := or(q.CallerArn, "")
	a, err := arn.Parse(name)
	user, ok := strings.CutPrefix(a.Resource, "user/")
	if err != nil || !ok || user == "" || a.Service != "iam" || a.Region != "" || !arn.IsAccount(a.Account) {
		return policy.Caller{}, iamwire.NewInvalidInput("Invalid caller - Caller must be an IAM user in this context.")
	}
	return policy.Caller{Account: a.Account, ARN: name, PrincipalARN: name}, nil
}

// resourceOwner takes the ARN of an account, as AWS does: not its number alone.
func resourceOwner(name *string) (string, error) {
	if name == nil {
		return "", nil
	}
	a, err := arn.Parse(*name)
	if err != nil || *name != arn.IAM(a.Account, "root") || !arn.IsAccount(a.Account) {
		return "", iamwire.NewInvalidInput("'%s' is not a valid as a Resource Owner.", *name)
	}
	return a.Account, nil
}

// contextTypes are operators that can compare values of each type, to check
// values by. A string needs no check; binary values are decoded.
var contextTypes = map[string]string{
	iamwire.ContextKeyTypeEnumNumeric: "NumericEquals",
	iamwire.ContextKeyTypeEnumBoolean: "Bool",
	iamwire.ContextKeyTypeEnumIp:      "IpAddress",
	iamwire.ContextKeyTypeEnumDate:    "DateEquals",
}

func simulatedContext(entries []iamwire.ContextEntry) (policy.Context, error) {
	keys := make(policy.Context, len(entries))
	for _, e := range entries {
		name := fold(or(e.ContextKeyName, ""))
		if _, twice := keys[name]; name == "" || twice {
			return nil, iamwire.NewInvalidInput("Invalid context key: %q is empty or given twice.", or(e.ContextKeyName, ""))
		}
		values, err := contextValues(e)
		if err != nil {
			return nil, err
		}
		keys[name] = values
	}
	return keys, nil
}

// contextValues checks values against their type. Binary ones become the bytes
// that a request would hold.
func contextValues(e iamwire.ContextEntry) ([]string, error) {
	kind, list := strings.CutSuffix(or(e.ContextKeyType, iamwire.ContextKeyTypeEnumString), "List")
	if !list && len(e.ContextKeyValues) != 1 {
		return nil, iamwire.NewInvalidInput("Context key %s of type %s must have one value.", *e.ContextKeyName, kind)
	}
	out := make([]string, 0, len(e.ContextKeyValues))
	for _, v := range e.ContextKeyValues {
		operator, typed := contextTypes[kind]
		ok := !typed || policy.Readable(operator, v)
		if kind == iamwire.ContextKeyTypeEnumBinary {
			b, err := base64.StdEncoding.Strict().DecodeString(v)
			v, ok = string(b), err == nil
		}
		if !ok {
			return nil, iamwire.NewInvalidInput("Context key %s has a value that is not of type %s.", *e.ContextKeyName, kind)
		}
		out = append(out, v)
	}
	return out, nil
}
