package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Post sends a body and header to an https URL. Any answer but a 2xx, a redirect
// among them, is an error; of its text nothing is kept. Errors name the host and
// no more of the URL, whose path and query may be secrets.
func (c *Client) Post(ctx context.Context, rawURL string, header http.Header, body []byte) error {
	u, err := CheckURL(rawURL)
	if err != nil {
		return err
	}
	host := u.Scheme + "://" + u.Host
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending to %q: it is no URL", host)
	}
	r.Header = header.Clone()
	r.Header.Set("User-Agent", "sojourn")
	resp, err := c.http.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			e.URL = host
		}
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, MaxBody)) // a sender that is cut off may take it for a failure of ours
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &PostError{Host: host, Status: resp.StatusCode}
	}
	return nil
}

// PostError says that an answer was not a 2xx.
type PostError struct {
	Host   string
	Status int
}

func (e *PostError) Error() string {
	return fmt.Sprintf("sending to %q: status %d instead of 200", e.Host, e.Status)
}
