package chaos

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/sojourntest/lightgit"
)

// A light client speaks the protocol itself: no process, so that it pushes and
// reads many times as often as git does, and many meet at one ref.

const hotRef = "refs/heads/hot"

// lightPush sends one change to a random node and notes what came of it.
func (k *client) lightPush(ctx context.Context, c change, pack []byte) outcome {
	o := &op{start: k.h.now(), changes: []change{c}, outcome: unknown}
	defer k.h.add(o)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	url := k.c.any(k.random).url(k.h.repo) + "/git-receive-pack"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(pushBody(c, pack)))
	if err != nil {
		return o.outcome
	}
	req.GetBody = nil // it is not sent twice
	req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	res, err := reader.Do(req)
	if err != nil {
		return o.outcome
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil || res.StatusCode != http.StatusOK:
	case strings.Contains(string(body), "ok "+c.Ref):
		o.outcome = acked
	case strings.Contains(string(body), "ng "+c.Ref):
		o.outcome = rejected
	}
	return o.outcome
}

// crowd moves the hot ref forward as often as it can, and reads it at another
// node as soon as it has.
func (k *client) crowd(ctx context.Context) {
	for ctx.Err() == nil {
		refs := k.read(ctx)
		if refs == nil {
			pause(ctx, 10*time.Millisecond)
			continue
		}
		k.n++
		id, pack := lightgit.Commit(refs[hotRef], k.name, k.n)
		if k.lightPush(ctx, change{hotRef, refs[hotRef], id}, pack) == acked {
			k.read(ctx)
		}
	}
}
