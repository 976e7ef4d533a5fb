package s3

import (
	"context"
	"net"
	"net/http"
	"time"
)

// OpenAt is Open with every connection going to addr, whatever name it is for.
func OpenAt(ctx context.Context, opt Options, addr string) (*Store, error) {
	a, err := parse(opt.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{prefix: a.prefix, partSize: defaultPartSize}
	if s.client, err = newClient(a, newKeys(opt.Getenv), time.Now); err != nil {
		return nil, err
	}
	s.client.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	}
	return s, s.probe(ctx)
}

// Parse says where requests of an address go.
func Parse(url string) (base, prefix string, virtual bool, err error) {
	a, err := parse(url)
	if err != nil {
		return "", "", false, err
	}
	return a.base.String(), a.prefix, a.virtual, nil
}
