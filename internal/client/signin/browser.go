package signin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Browse is how a user is sent to a provider and how the answer comes back.
type Browse struct {
	// Open shows a URL in the user's browser; nil, or an error of it, leaves that to the user.
	Open func(url string) error
	// Tell prints a line to the user.
	Tell func(text string)
	// Paste reads what the user pastes where the browser cannot reach this
	// process: the address that it was sent back to. nil offers no pasting.
	Paste func(ctx context.Context) (string, error)
	// Over is when the user has taken too long.
	Over <-chan time.Time
}

// ErrTimeout is a user who took too long.
var ErrTimeout = errors.New("nobody signed in within 5 minutes; run the command again")

// Code signs in by the authorization code flow. redirect is the registered
// address to come back to, without a port for any port.
func (p *Provider) Code(ctx context.Context, c *Client, b Browse, redirect string) (Tokens, error) {
	l, err := Listen(redirect)
	if err != nil {
		return Tokens{}, err
	}
	defer l.Close()
	r, err := p.codeRequest(c, l.URL)
	if err != nil {
		return Tokens{}, err
	}
	code, err := await(ctx, b, l, r.url, func(v url.Values) (string, error) { return p.code(r, v) }, "")
	if err != nil {
		return Tokens{}, err
	}
	return p.redeem(ctx, c, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect},
		"code_verifier": {r.verifier.Reveal()}}, r.nonce)
}

// await sends the user to address and waits for the first answer that accept
// takes, by the listener or pasted. postFrom is the origin of which a posted
// form is taken; "" takes a redirect only.
func await(ctx context.Context, b Browse, l *Listener, address string, accept func(url.Values) (string, error), postFrom string) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := l.serve(accept, postFrom)
	b.show(address)
	pasted := b.pasted(ctx, accept)
	select {
	case a := <-answers:
		return a.value, a.err
	case a := <-pasted:
		return a.value, a.err
	case <-b.Over:
		return "", ErrTimeout
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (b Browse) show(address string) {
	if b.Open != nil {
		if err := b.Open(address); err == nil {
			b.Tell("Your browser shows the provider's page. If it does not, open this address:\n\n  " + address + "\n")
			return
		}
	}
	b.Tell("Open this address in a browser:\n\n  " + address + "\n")
}

// maxPastes is how often a user may paste something else.
const maxPastes = 5

// pasted waits for a user's paste of the address that the browser was sent
// back to. It is judged like an answer that came by the listener.
func (b Browse) pasted(ctx context.Context, accept func(url.Values) (string, error)) <-chan answer {
	if b.Paste == nil {
		return nil
	}
	b.Tell("If the browser is on another machine and ends at an address that cannot be reached, paste that address here.")
	out := make(chan answer, 1)
	go func() {
		for range maxPastes {
			text, err := b.Paste(ctx)
			if err != nil {
				return // nobody pastes; the listener still waits
			}
			values, err := pastedValues(text)
			if err == nil {
				var v string
				if v, err = accept(values); err == nil || !errors.Is(err, errForeign) {
					out <- answer{v, err}
					return
				}
			}
			b.Tell(fmt.Sprintf("That is not it: %v. Paste the whole address.", err))
		}
		out <- answer{err: errors.New("what was pasted was not the address of this sign-in")}
	}()
	return out
}

// maxPaste bounds a pasted address or response.
const maxPaste = 256 << 10

func pastedValues(text string) (url.Values, error) {
	if len(text) > maxPaste {
		return nil, errors.New("it is too long")
	}
	u, err := url.Parse(text)
	if err != nil || u.RawQuery == "" {
		return nil, errors.New("it has no code in it")
	}
	v, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("it is cut or changed")
	}
	return v, nil
}
