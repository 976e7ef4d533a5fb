package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"sojourn/internal/objects"
)

// reader reads a blob. When its connection breaks it goes on with another where
// it was, and at the end it compares what it gave with the blob's hash.
type reader struct {
	ctx   context.Context
	store *Store
	key   string
	body  io.ReadCloser
	at    int64
	size  int64
	want  string // "" where somebody else has put the blob here
	sum   hash.Hash
	left  int // attempts
}

func (s *Store) open(ctx context.Context, key string) (*reader, error) {
	r := &reader{ctx: ctx, store: s, key: key, sum: sha256.New(), left: attempts}
	err := s.client.again(ctx, false, func() error {
		res, err := s.client.send(ctx, &request{method: http.MethodGet, key: s.prefix + key})
		if err != nil {
			return err
		}
		if res.ContentLength < 0 {
			res.Body.Close()
			return &failure{status: res.StatusCode, code: "NoLength", message: "it does not say how long the object is"}
		}
		r.body, r.size, r.want = res.Body, res.ContentLength, strings.ToLower(res.Header.Get(sumHeader))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.at == r.size {
			return 0, r.end()
		}
		n, err := r.body.Read(p[:min(int64(len(p)), r.size-r.at)])
		r.sum.Write(p[:n])
		r.at += int64(n)
		if n > 0 || err == nil {
			return n, nil
		}
		if err := r.resume(err); err != nil {
			return 0, err
		}
	}
}

func (r *reader) end() error {
	if got := hex.EncodeToString(r.sum.Sum(nil)); r.want != "" && got != r.want {
		return fmt.Errorf("object %q: %w: its SHA-256 is %s, not %s", r.key, objects.ErrDamaged, got, r.want)
	}
	return io.EOF
}

// resume opens the rest of the blob.
func (r *reader) resume(cause error) error {
	r.body.Close()
	return r.store.client.again(r.ctx, false, func() error {
		if r.left--; r.left <= 0 {
			return errors.Join(&failure{status: http.StatusOK, code: "Truncated", message: "its answers break off"}, cause)
		}
		res, err := r.store.client.send(r.ctx, &request{method: http.MethodGet, key: r.store.prefix + r.key,
			header: http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", r.at, r.size-1)}}})
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusPartialContent || res.ContentLength != r.size-r.at {
			res.Body.Close()
			return &failure{status: res.StatusCode, code: "Range", message: "it does not give the rest of the object"}
		}
		r.body = res.Body
		return nil
	})
}

// Close implements io.Closer.
func (r *reader) Close() error { return r.body.Close() }
