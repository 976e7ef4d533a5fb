package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"sojourn/internal/awserr"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// facebook asks, as the application itself, what the token is. A token of a
// page or of an application is nobody's sign-in.
func (v *Verifier) facebook(ctx context.Context, token secret.String) (*Identity, error) {
	var answer struct {
		Data struct {
			App     name    `json:"app_id"`
			User    name    `json:"user_id"`
			Type    string  `json:"type"`
			Valid   bool    `json:"is_valid"`
			Expires float64 `json:"expires_at"` // 0 for never
		} `json:"data"`
	}
	query := url.Values{"input_token": {token.Reveal()}, "access_token": {v.o.FacebookApp + "|" + v.o.FacebookSecret.Reveal()}}
	if err := v.ask(ctx, outbound.Secret{URL: v.o.FacebookURL + "/debug_token", Query: query}, &answer); err != nil {
		return nil, err
	}
	d := &answer.Data
	switch {
	case !d.Valid:
		return nil, invalid(errors.New("is_valid is not true"))
	case string(d.App) != v.o.FacebookApp:
		return nil, wrongApp()
	case d.Type != "USER":
		return nil, invalid(errors.New("it is not a user's token"))
	case d.Expires != 0 && d.Expires <= float64(v.o.Now().Unix()):
		return nil, expired()
	case !d.User.plain():
		return nil, unreachable(errors.New("the answer names no user"))
	}
	app, user := string(d.App), string(d.User)
	return &Identity{Subject: user, App: app, Context: map[string][]string{Facebook + ":app_id": {app}, Facebook + ":id": {user}}}, nil
}

func expired() error {
	return awserr.New("ExpiredTokenException", http.StatusBadRequest, "The access token has expired")
}
