package oauth

import (
	"context"
	"errors"
	"net/url"

	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// amazon asks Login with Amazon: first whom the token was made out to, and only
// for an application of ours whose it is. Both answers must name the same user.
func (v *Verifier) amazon(ctx context.Context, token secret.String) (*Identity, error) {
	var info struct {
		App  name    `json:"aud"`
		User name    `json:"user_id"`
		Left float64 `json:"exp"` // seconds
	}
	err := v.ask(ctx, outbound.Secret{URL: v.o.AmazonURL + "/auth/o2/tokeninfo", Query: url.Values{"access_token": {token.Reveal()}}}, &info)
	switch {
	case err != nil:
		return nil, err
	case !v.knows(info.App):
		return nil, wrongApp()
	case info.Left <= 0:
		return nil, expired()
	}
	var profile struct {
		User name `json:"user_id"`
	}
	if err := v.ask(ctx, outbound.Secret{URL: v.o.AmazonURL + "/user/profile", Bearer: token}, &profile); err != nil {
		return nil, err
	}
	if !profile.User.plain() || profile.User != info.User {
		return nil, unreachable(errors.New("the profile is not that of the token's user"))
	}
	app, user := string(info.App), string(profile.User)
	return &Identity{Subject: user, App: app, Context: map[string][]string{Amazon + ":app_id": {app}, Amazon + ":user_id": {user}}}, nil
}
