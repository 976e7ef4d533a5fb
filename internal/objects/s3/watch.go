package s3

import (
	"context"
	"errors"
	"io"
	"time"
)

// errStalled ends a request over which nothing came or went for stallTime.
var errStalled = errors.New("the object store has stopped in the middle")

// watcher ends a request that makes no progress, however long one may take that does.
type watcher struct {
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func watch(ctx context.Context) (context.Context, *watcher) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watcher{cancel: cancel}
	w.timer = time.AfterFunc(stallTime, func() { cancel(errStalled) })
	return ctx, w
}

func (w *watcher) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// watched is a body, whose bytes are progress.
type watched struct {
	io.Reader
	io.Closer
	w    *watcher
	ends bool // its end is the request's
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if n > 0 {
		b.w.timer.Reset(stallTime)
	}
	return n, err
}

func (b *watched) Close() (err error) {
	if b.Closer != nil {
		err = b.Closer.Close()
	}
	if b.ends {
		b.w.stop()
	}
	return err
}
