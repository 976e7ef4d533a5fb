package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"sojourn/internal/objects"
)

// Put implements objects.Store.
func (s *Store) Put(ctx context.Context, key, path string) error {
	if err := objects.CheckKey(key); err != nil {
		return err
	}
	if err := s.put(ctx, key, path); err != nil {
		return fmt.Errorf("storing object %q: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if err := f.Chmod(0o400); err != nil {
		return err
	}
	u := &upload{store: s, key: s.prefix + key, file: f, size: info.Size(), id: newID()}
	if u.sum, err = u.hash(0, u.size); err != nil {
		return err
	}
	if u.size <= s.partSize {
		err = u.whole(ctx)
	} else {
		err = u.parts(ctx)
	}
	// A taken key may be taken by this very Put, whose first answer was lost.
	if hasStatus(err, http.StatusPreconditionFailed) || isCode(err, "NoSuchUpload") {
		return u.settle(ctx, err)
	}
	return err
}

// upload is a file on its way.
type upload struct {
	store *Store
	key   string
	file  *os.File
	size  int64
	sum   string
	id    string
}

func (u *upload) hash(from, size int64) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(u.file, from, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

// header is what a new object has.
func (u *upload) header() http.Header {
	return http.Header{"Content-Type": {"application/octet-stream"}, sumHeader: {u.sum}, putHeader: {u.id}}
}

func (u *upload) whole(ctx context.Context) error {
	h := u.header()
	h.Set("If-None-Match", "*")
	h.Set("X-Amz-Checksum-Sha256", checksum(u.sum))
	_, err := u.store.client.do(ctx, &request{method: http.MethodPut, key: u.key, header: h,
		body: func() io.Reader { return io.NewSectionReader(u.file, 0, u.size) }, size: u.size, sum: u.sum})
	return err
}

// settle finds out whether the object that is there is this Put's.
func (u *upload) settle(ctx context.Context, cause error) error {
	a, err := u.store.client.do(ctx, &request{method: http.MethodHead, key: u.key})
	switch {
	case isAbsent(err):
		return cause
	case err != nil:
		return errors.Join(cause, err)
	case a.header.Get(putHeader) == u.id:
		return nil
	}
	return objects.ErrExists
}

func isCode(err error, code string) bool {
	var f *failure
	return errors.As(err, &f) && f.code == code
}

// Limits of a multipart upload.
const (
	maxParts     = 9000 // AWS allows 10,000
	partsAtATime = 4
	abortTime    = 10 * time.Second
)

// parts uploads the file in pieces.
func (u *upload) parts(ctx context.Context) error {
	a, err := u.store.client.do(ctx, &request{method: http.MethodPost, key: u.key, query: url.Values{"uploads": {""}}, header: u.header()})
	if err != nil {
		return err
	}
	var begun struct {
		UploadID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal(a.body, &begun); err != nil || begun.UploadID == "" {
		return fmt.Errorf("the object store began an upload without an id: %w", cmp.Or(err, io.ErrUnexpectedEOF))
	}
	err = u.send(ctx, begun.UploadID)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
		defer cancel()
		// Parts of an upload that was not finished cost money until they are aborted.
		_, abortErr := u.store.client.do(ctx, &request{method: http.MethodDelete, key: u.key, query: url.Values{"uploadId": {begun.UploadID}}})
		if abortErr != nil && !isCode(abortErr, "NoSuchUpload") && !isAbsent(abortErr) {
			err = errors.Join(err, fmt.Errorf("giving up the upload: %w", abortErr))
		}
	}
	return err
}

type partXML struct {
	PartNumber int
	ETag       string
}

func (u *upload) send(ctx context.Context, id string) error {
	size := max(u.store.partSize, (u.size+maxParts-1)/maxParts)
	list := make([]partXML, (u.size+size-1)/size)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(partsAtATime)
	for i := range list {
		g.Go(func() (err error) {
			from := int64(i) * size
			list[i], err = u.part(gctx, id, i+1, from, min(size, u.size-from))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUpload"`
		Part    []partXML
	}{Part: list})
	if err != nil {
		return err
	}
	return u.complete(ctx, id, body)
}

func (u *upload) part(ctx context.Context, id string, number int, from, size int64) (partXML, error) {
	sum, err := u.hash(from, size)
	if err != nil {
		return partXML{}, err
	}
	a, err := u.store.client.do(ctx, &request{method: http.MethodPut, key: u.key,
		query: url.Values{"uploadId": {id}, "partNumber": {strconv.Itoa(number)}},
		body:  func() io.Reader { return io.NewSectionReader(u.file, from, size) }, size: size, sum: sum})
	if err != nil {
		return partXML{}, err
	}
	return partXML{number, a.header.Get("ETag")}, nil
}

// complete makes the object of its parts. The server may begin to answer 200
// before it knows.
func (u *upload) complete(ctx context.Context, id string, body []byte) error {
	h := sha256.Sum256(body)
	r := &request{method: http.MethodPost, key: u.key, query: url.Values{"uploadId": {id}}, header: http.Header{"If-None-Match": {"*"}, "Content-Type": {"application/xml"}},
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)), sum: hex.EncodeToString(h[:])}
	return u.store.client.again(ctx, false, func() error {
		r.once = true
		a, err := u.store.client.do(ctx, r)
		if err != nil {
			return err
		}
		if said, is := errorIn(a.body); is {
			status := http.StatusInternalServerError
			if said.Code == "PreconditionFailed" {
				status = http.StatusPreconditionFailed
			}
			return &failure{status, said.Code, said.Message}
		}
		return nil
	})
}
