package sts

import (
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/gate"
	"sojourn/internal/principal"
	"sojourn/internal/wire/stswire"
)

// A refusal's message is shown to who has the permission, in the refused one's account only.
func TestDecodeAuthorizationMessage(t *testing.T) {
	w := newWorld(t)
	g := gate.New(w.db, w.log).Sealing(w.keys)
	maria := w.user(here, "maria", "")
	refusal := awserr.From(g.Authorize(t.Context(), maria, gate.Request{Action: "codecommit:GetRepository", Resource: "arn:aws:codecommit:us-east-1:" + here + ":R"}))
	const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:DecodeAuthorizationMessage","Resource":"*"}]}`
	helper, stranger := w.user(here, "helper", allow), w.user(there, "stranger", allow)
	for _, c := range []struct {
		name    string
		caller  *principal.Caller
		message string
		code    string
	}{
		{"permitted", helper, refusal.Encoded, ""},
		{"the refused one", maria, refusal.Encoded, awserr.AccessDenied},
		{"another account", stranger, refusal.Encoded, stswire.ErrInvalidAuthorizationMessage},
		{"forged", helper, refusal.Encoded[1:], stswire.ErrInvalidAuthorizationMessage},
		{"unsigned", &principal.Caller{}, refusal.Encoded, awserr.MissingAuthentication},
	} {
		out, err := w.DecodeAuthorizationMessage(t.Context(), c.caller, &stswire.DecodeAuthorizationMessageInput{EncodedMessage: &c.message})
		if c.code != "" {
			if !awserr.Is(err, c.code) || out != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil || !strings.Contains(*out.DecodedMessage, `"action":"codecommit:GetRepository"`) || !strings.Contains(*out.DecodedMessage, maria.ARN()) {
			t.Errorf("%s: %v %v", c.name, out, err)
		}
	}
	if r := w.log.last(); r.EventName != "DecodeAuthorizationMessage" {
		t.Errorf("recorded %+v", r)
	}
}
