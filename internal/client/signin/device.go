package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Polls of a device code: RFC 8628 says 5 s where the provider says nothing.
const (
	pollInterval = 5 * time.Second
	maxInterval  = time.Minute
	maxDevice    = 30 * time.Minute
)

type deviceAnswer struct {
	DeviceCode  string  `json:"device_code"`
	UserCode    string  `json:"user_code"`
	URI         string  `json:"verification_uri"`
	URL         string  `json:"verification_url"` // as Google spells it
	URIComplete string  `json:"verification_uri_complete"`
	ExpiresIn   float64 `json:"expires_in"`
	Interval    float64 `json:"interval"`
	Error       string  `json:"error"`
	Description string  `json:"error_description"`
}

// Device signs in by a code that the user types in on any machine. tell prints
// the address and the code; the whole address holds the code, so that the user
// must still compare it with the one shown here.
func (p *Provider) Device(ctx context.Context, c *Client, tell func(text string)) (Tokens, error) {
	if p.DeviceURL == "" {
		return Tokens{}, errors.New("the issuer has no device_authorization_endpoint, so no sign-in by device code; leave --device out")
	}
	status, body, err := p.token(ctx, c, p.DeviceURL, url.Values{"scope": {c.scopes()}})
	if err != nil {
		return Tokens{}, err
	}
	var d deviceAnswer
	if err := json.Unmarshal(body, &d); err != nil {
		return Tokens{}, fmt.Errorf("the answer of the device endpoint (status %d) is not understood", status)
	}
	if d.URI == "" {
		d.URI = d.URL
	}
	switch _, err := secureURL(d.URI); {
	case d.Error != "":
		return Tokens{}, providerError(d.Error, d.Description)
	case status != http.StatusOK || d.DeviceCode == "" || d.UserCode == "" || err != nil:
		return Tokens{}, fmt.Errorf("the answer of the device endpoint (status %d) is not understood", status)
	}
	text := "On any machine, open\n\n  " + Plain(d.URI) + "\n\nand enter the code  " + Plain(d.UserCode) + "\n"
	if _, err := secureURL(d.URIComplete); d.URIComplete != "" && err == nil {
		text += "\nOr open the address with the code in it, and see that it shows the same code:\n\n  " + Plain(d.URIComplete) + "\n"
	}
	tell(text)
	return p.poll(ctx, c, d)
}

func (p *Provider) poll(ctx context.Context, c *Client, d deviceAnswer) (Tokens, error) {
	interval := min(max(time.Duration(d.Interval*float64(time.Second)), time.Second), maxInterval)
	if d.Interval == 0 {
		interval = pollInterval
	}
	life := min(time.Duration(d.ExpiresIn*float64(time.Second)), maxDevice)
	if d.ExpiresIn <= 0 {
		life = Timeout
	}
	for waited := time.Duration(0); waited < life; waited += interval {
		if err := c.Wait(ctx, interval); err != nil {
			return Tokens{}, err
		}
		t, err := p.redeem(ctx, c, url.Values{"grant_type": {deviceGrant}, "device_code": {d.DeviceCode}}, "")
		refused, ok := errors.AsType[*Refusal](err)
		switch {
		case !ok:
			return t, err
		case refused.Code == "slow_down":
			interval = min(interval+pollInterval, maxInterval)
		case refused.Code == "expired_token":
			return Tokens{}, ErrTimeout
		case refused.Code != "authorization_pending":
			return Tokens{}, err
		}
	}
	return Tokens{}, ErrTimeout
}
