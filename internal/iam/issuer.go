package iam

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/store"
	"sojourn/internal/wire/iamwire"
)

const (
	issuerSize = 255
	// issuerText are the characters of an issuer that need no care in an ARN, in
	// the name of a condition key and in a policy's pattern.
	issuerText = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/%@+=,!()[]"
)

// issuer checks an issuer's URL and returns it without its scheme. It is
// otherwise kept as it is, for a token's iss must equal it byte by byte. Unlike
// AWS a port is allowed: identity providers that one runs oneself live on them.
func issuer(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "https://")
	u, err := url.Parse(text)
	if !ok || err != nil || len(text) > issuerSize || u.Hostname() == "" || u.User != nil || u.RawQuery != "" ||
		strings.HasSuffix(u.Host, ":") || strings.ContainsFunc(rest, notIssuerText) {
		return "", awserr.Validation("Invalid Open ID Connect Provider URL")
	}
	return rest, nil
}

func notIssuerText(r rune) bool { return !strings.ContainsRune(issuerText, r) }

func providerARN(account, issuer string) string { return arn.IAM(account, "oidc-provider/"+issuer) }

// providerRef is the ARN of an OpenID Connect provider, taken apart.
type providerRef struct{ arn, account, url string }

func parseProviderARN(text *string) (providerRef, error) {
	a, err := arn.Parse(or(text, ""))
	if err != nil {
		return providerRef{}, badARN()
	}
	issuer, ok := strings.CutPrefix(a.Resource, "oidc-provider/")
	if !ok || a.Partition != "aws" || a.Service != "iam" || a.Region != "" || !arn.IsAccount(a.Account) || issuer == "" {
		return providerRef{}, iamwire.NewInvalidInput("ARN %s is not valid.", *text)
	}
	return providerRef{arn: *text, account: a.Account, url: issuer}, nil
}

// find returns the provider of the caller's account; those of others are not there.
func (r providerRef) find(tx store.Tx, account string) (store.OIDCProvider, error) {
	p, err := tx.OIDCProvider(r.account, r.url)
	if r.account != account || errors.Is(err, store.ErrNotFound) {
		return store.OIDCProvider{}, iamwire.NewNoSuchEntity("OpenIDConnect Provider not found for arn %s", r.arn)
	}
	if err != nil {
		return p, fmt.Errorf("provider %q: %w", r.url, err)
	}
	return p, nil
}

// locate finds the provider as the subject of an act.
func (r providerRef) locate(tx store.Tx) (subject, error) {
	on := subject{arn: r.arn, account: r.account}
	p, err := tx.OIDCProvider(r.account, r.url)
	if errors.Is(err, store.ErrNotFound) {
		return on, nil
	}
	on.tags = p.Tags
	return on, err
}

func (r providerRef) act(action string) act {
	return act{action: action, locate: r.locate, params: map[string]string{"openIDConnectProviderArn": r.arn}}
}
