package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"sojourn/internal/objects"
)

type listXML struct {
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct {
		Key  string
		Size int64
	}
}

// List implements objects.Store. Keys that are not ours are left out.
func (s *Store) List(ctx context.Context, prefix string, f func(key string, size int64) error) error {
	if err := objects.CheckPrefix(prefix); err != nil {
		return err
	}
	for token := ""; ; {
		page, err := s.page(ctx, prefix, token)
		if err != nil {
			return fmt.Errorf("listing objects %q: %w", prefix, err)
		}
		for _, c := range page.Contents {
			key, ours := strings.CutPrefix(c.Key, s.prefix)
			if !ours || objects.CheckKey(key) != nil {
				continue
			}
			if err := f(key, c.Size); err != nil {
				return err
			}
		}
		if token = page.NextContinuationToken; !page.IsTruncated || token == "" {
			return nil
		}
	}
}

func (s *Store) page(ctx context.Context, prefix, token string) (*listXML, error) {
	q := url.Values{"list-type": {"2"}, "prefix": {s.prefix + prefix}}
	if token != "" {
		q.Set("continuation-token", token)
	}
	a, err := s.client.do(ctx, &request{method: http.MethodGet, query: q})
	if err != nil {
		return nil, err
	}
	page := &listXML{}
	return page, xml.Unmarshal(a.body, page)
}
