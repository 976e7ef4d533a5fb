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
	tell(codeText(d.URI, d.UserCode, d.URIComplete))
	return p.poll(ctx, c, d)
}

// codeText tells the user where to enter a code.
func codeText(uri, code, complete string) string {
	text := "On any machine, open\n\n  " + Plain(uri) + "\n\nand enter the code  " + Plain(code) + "\n"
	if _, err := secureURL(complete); complete != "" && err == nil {
		text += "\nOr open the address with the code in it, and see that it shows the same code:\n\n  " + Plain(complete) + "\n"
	}
	return text
}

func (p *Provider) poll(ctx context.Context, c *Client, d deviceAnswer) (t Tokens, err error) {
	err = poll(ctx, c.Wait, d.Interval, d.ExpiresIn, func() error {
		t, err = p.redeem(ctx, c, url.Values{"grant_type": {deviceGrant}, "device_code": {d.DeviceCode}}, "")
		return err
	})
	return t, err
}

// poll asks until the user has entered the code: until ask's error is none, or
// not a *Refusal that says to wait.
func poll(ctx context.Context, wait func(context.Context, time.Duration) error, seconds, lifeSeconds float64, ask func() error) error {
	interval := min(max(time.Duration(seconds*float64(time.Second)), time.Second), maxInterval)
	if seconds == 0 {
		interval = pollInterval
	}
	life := min(time.Duration(lifeSeconds*float64(time.Second)), maxDevice)
	if lifeSeconds <= 0 {
		life = Timeout
	}
	for waited := time.Duration(0); waited < life; waited += interval {
		if err := wait(ctx, interval); err != nil {
			return err
		}
		err := ask()
		refused, ok := errors.AsType[*Refusal](err)
		switch {
		case !ok:
			return err
		case refused.Code == "slow_down":
			interval = min(interval+pollInterval, maxInterval)
		case refused.Code == "expired_token":
			return ErrTimeout
		case refused.Code != "authorization_pending":
			return err
		}
	}
	return ErrTimeout
}
