package chaos

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A light client speaks the protocol itself: no process, so that it pushes and
// reads many times as often as git does, and many meet at one ref.

const hotRef = "refs/heads/hot"

// emptyTree is the tree of all its commits.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// lightCommit makes a commit that nobody else makes, and the pack that brings it.
func (k *client) lightCommit(parent string) (oid string, pack []byte) {
	k.n++
	body := "tree " + emptyTree + "\n"
	if parent != "" {
		body += "parent " + parent + "\n"
	}
	who := fmt.Sprintf("%s <c@example.com> %d +0000\n", k.name, 1700000000+k.n)
	body += "author " + who + "committer " + who + fmt.Sprintf("\n%s %d\n", k.name, k.n)
	sum := sha1.Sum([]byte(fmt.Sprintf("commit %d\x00%s", len(body), body)))
	b := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), 2)
	b = appendObject(b, 1, body)
	b = appendObject(b, 2, "")
	trailer := sha1.Sum(b)
	return hex.EncodeToString(sum[:]), append(b, trailer[:]...)
}

// appendObject appends an object of a pack: type and size, then the text deflated.
func appendObject(b []byte, kind byte, text string) []byte {
	size := len(text)
	first := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		b = append(b, first|0x80)
		first = byte(size & 0x7f)
	}
	b = append(b, first)
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	io.WriteString(w, text)
	w.Close()
	return append(b, deflated.Bytes()...)
}

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
		id, pack := k.lightCommit(refs[hotRef])
		if k.lightPush(ctx, change{hotRef, refs[hotRef], id}, pack) == acked {
			k.read(ctx)
		}
	}
}
