// Package s3 keeps blobs in a bucket of S3 or of what speaks its protocol. It
// asks little of it: PUT, GET, HEAD and DELETE of an object, multipart uploads,
// a list, and that an object that was put is there for all who ask afterwards.
//
// Keys are never used twice, so nothing here depends on conditional requests;
// where the server knows If-None-Match it says ErrExists for a taken key.
//
// Each blob has its SHA-256 as metadata, and what is read is compared with it.
package s3

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"sojourn/internal/objects"
)

// Metadata of each blob.
const (
	sumHeader = "X-Amz-Meta-Sojourn-Sha256" // lower-case hex
	putHeader = "X-Amz-Meta-Sojourn-Put"    // which Put it was, to know one's own again
)

// Store is an objects.Store in a bucket.
type Store struct {
	client   *client
	prefix   string // before each key; "" or it ends with a slash
	partSize int64
}

var _ objects.Store = (*Store)(nil)

// Options are what a store needs beside its address.
type Options struct {
	// URL is s3://BUCKET[/PREFIX] with these parameters: endpoint (an https URL;
	// AWS's own when it is not given), region, style (path or virtual; path for
	// an endpoint that is given), ca (a PEM file of authorities), plain-http
	// (allow, for an http endpoint that is not on this machine).
	URL string
	// Getenv finds the credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
	// AWS_SESSION_TOKEN, else AWS_PROFILE in AWS_SHARED_CREDENTIALS_FILE, which
	// is read anew when it changes.
	Getenv func(string) string
	Now    func() time.Time
	// PartSize is what one request may upload; 64 MiB when it is 0.
	PartSize int64
}

const defaultPartSize = 64 << 20

// Open makes sure that the bucket can be written to, read and deleted from.
func Open(ctx context.Context, opt Options) (*Store, error) {
	a, err := parse(opt.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{prefix: a.prefix, partSize: opt.PartSize}
	if s.partSize == 0 {
		s.partSize = defaultPartSize
	}
	if s.client, err = newClient(a, newKeys(opt.Getenv), opt.Now); err == nil {
		err = s.probe(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the object store %s: %w", a.shown(), err)
	}
	return s, nil
}

// probe writes a blob, reads it and deletes it.
func (s *Store) probe(ctx context.Context) error {
	f, err := os.CreateTemp("", "sojourn-probe-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString("sojourn"); err != nil {
		return err
	}
	key := "probe/" + newID()
	if err := s.Put(ctx, key, f.Name()); err != nil {
		return err
	}
	r, err := s.Open(ctx, key)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		r.Close()
	}
	return errors.Join(err, s.Delete(ctx, key))
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Fetch implements objects.Store.
func (s *Store) Fetch(ctx context.Context, key, dst string) error {
	if err := objects.CheckKey(key); err != nil {
		return err
	}
	if err := s.fetch(ctx, key, dst); err != nil {
		return fmt.Errorf("fetching object %q: %w", key, err)
	}
	return nil
}

func (s *Store) fetch(ctx context.Context, key, dst string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := os.Lstat(dst); err == nil {
		return &os.PathError{Op: "fetch", Path: dst, Err: os.ErrExist}
	}
	tmp, err := os.CreateTemp(filepath.Dir(dst), ".fetch-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	for try := 1; ; try++ { // what was damaged on the way may come whole the next time
		err = s.download(ctx, key, tmp)
		if !errors.Is(err, objects.ErrDamaged) || try == attempts {
			break
		}
	}
	if err == nil {
		err = errors.Join(tmp.Chmod(0o400), tmp.Close())
	}
	if err != nil {
		return err
	}
	return os.Link(tmp.Name(), dst)
}

func (s *Store) download(ctx context.Context, key string, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	r, err := s.open(ctx, key)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(f, r)
	return err
}

// Open implements objects.Store. What is read is right when it ends with io.EOF.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := objects.CheckKey(key); err != nil {
		return nil, err
	}
	r, err := s.open(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("opening object %q: %w", key, err)
	}
	return r, nil
}

// Delete implements objects.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := objects.CheckKey(key)
	if err == nil {
		_, err = s.client.do(ctx, &request{method: http.MethodDelete, key: s.prefix + key})
	}
	if err != nil && !isAbsent(err) {
		return fmt.Errorf("deleting object %q: %w", key, err)
	}
	return nil
}

// Ping implements objects.Store: it asks for the bucket, once.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.client.do(ctx, &request{method: http.MethodHead, once: true}); err != nil {
		return fmt.Errorf("asking the object store: %w", err)
	}
	return nil
}

// Close ends idle connections.
func (s *Store) Close() error {
	s.client.http.CloseIdleConnections()
	return nil
}
