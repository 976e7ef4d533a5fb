package git

import (
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"
	"time"

	"sojourn/internal/git/gitproto"
	"sojourn/internal/pktline"
)

// wholePack is the proof by which a request can be answered with stored packs as
// they are, held; nil where git has to make a pack. That is for a client that has
// nothing, wants everything it may see, and understands what is in our packs.
func (e *Engine) wholePack(ctx context.Context, r *repo, s *snapshot, q *gitproto.Fetch) *proof {
	if q.Haves || !q.Done || q.Shallow() || q.Has("filter") || !q.Has("ofs-delta") || q.Version < 2 && !q.Has("side-band-64k") {
		return nil
	}
	p, ok := r.proofFor(s)
	if !ok && !wantsAll(tipsOf(s.visible), q.Wants) {
		return nil
	}
	if !ok && e.prover != nil {
		old, _ := r.proofState()
		r.wanted.Store(true)
		tried := e.prover.ask(r.id)
		if old != nil { // then it is a matter of what has come since
			select {
			case <-tried:
			case <-ctx.Done():
			case <-time.After(proofPatience):
			}
			p, ok = r.proofFor(s)
		}
	}
	if !ok {
		return nil
	}
	if !p.covers(q.Wants) || !wantsAll(p.tips, q.Wants) {
		p.gen.drop()
		return nil
	}
	return p
}

// proofPatience bounds how long a clone waits for the proof that spares git the
// making of its pack.
const proofPatience = 200 * time.Millisecond

// wantsAll reports whether wants are all tips, and perhaps more.
func wantsAll(tips map[string]bool, wants []string) bool {
	asked := make(map[string]bool, len(wants))
	for _, oid := range wants {
		asked[oid] = true
	}
	for oid := range tips {
		if !asked[oid] {
			return false
		}
	}
	return true
}

// sendWhole answers with the packs of a proof, joined to one.
func (e *Engine) sendWhole(ctx context.Context, p *proof, q *gitproto.Fetch, out io.Writer) error {
	w := newFrames(out)
	defer w.free()
	if q.Version == 2 {
		w.packet("packfile\n")
	} else {
		w.packet("NAK\n")
	}
	if !q.Has("no-progress") {
		w.progress(fmt.Sprintf("Total %d, sent as stored (packs %d)\n", p.objects, len(p.parts)))
	}
	if err := p.send(ctx, w); err != nil {
		return err
	}
	e.stats.wholePacks.Add(1)
	return w.end()
}

func (p *proof) send(ctx context.Context, w *frames) error {
	trailer := p.trailer.Load()
	if trailer == nil {
		w.sum = sha1.New() // the pack's own checksum is SHA-1 by its format
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), uint32(p.objects))
	w.write(head)
	for _, part := range p.parts {
		if err := p.sendPart(ctx, w, &part); err != nil {
			return err
		}
	}
	if trailer == nil {
		trailer = new(oidBytes)
		w.sum.Sum(trailer[:0])
		w.sum = nil
		if w.err == nil {
			p.trailer.Store(trailer)
		}
	}
	w.write(trailer[:])
	return w.err
}

func (p *proof) sendPart(ctx context.Context, w *frames, part *part) error {
	f, err := os.Open(p.gen.file(part.pack, ".pack"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := w.copy(ctx, f, packHeaderLen, part.to); err != nil {
		return fmt.Errorf("sending pack %s: %w", part.pack, err)
	}
	return nil
}

// frames writes a pack as packets of the first band, some in one write.
type frames struct {
	out  io.Writer
	buf  *[]byte // from the pool
	n    int     // of it are filled
	from int     // where the packet under way begins; n when there is none
	sum  hash.Hash
	err  error
}

// frameBytes is what one write has at the most. A client that takes longer for
// it than the door's patience is cut off, so it is small.
const frameBytes = 2 * pktline.MaxLine

var frameBuffers = sync.Pool{New: func() any { b := make([]byte, frameBytes); return &b }}

func newFrames(out io.Writer) *frames { return &frames{out: out, buf: frameBuffers.Get().(*[]byte)} }

func (w *frames) free() { frameBuffers.Put(w.buf) }

// packet writes a packet without a band, before all others.
func (w *frames) packet(text string) {
	w.n = len(pktline.Append((*w.buf)[:0], text))
	w.from = w.n
}

// progress writes a line for the user, behind packets without a band.
func (w *frames) progress(line string) {
	w.n = len(pktline.Append((*w.buf)[:w.n], string(rune(pktline.BandProgress)), line))
	w.from = w.n
}

// room is where the next bytes of the pack go. It is never empty.
func (w *frames) room() []byte {
	if w.n-w.from == pktline.MaxLine || w.n == frameBytes {
		w.close()
	}
	if w.n == w.from {
		if w.n+pktline.HeaderLen+2 > frameBytes {
			w.flush()
		}
		w.n += pktline.HeaderLen + 1
	}
	return (*w.buf)[w.n:min(w.from+pktline.MaxLine, frameBytes)]
}

// took notes that n bytes of room were filled.
func (w *frames) took(n int) {
	if w.sum != nil {
		w.sum.Write((*w.buf)[w.n : w.n+n])
	}
	w.n += n
}

// close ends the packet under way.
func (w *frames) close() {
	if w.n > w.from {
		pktline.PutBand((*w.buf)[w.from:w.n], pktline.BandData)
		w.from = w.n
	}
}

func (w *frames) flush() {
	w.close()
	if w.err == nil {
		_, w.err = w.out.Write((*w.buf)[:w.n])
	}
	w.n, w.from = 0, 0
}

func (w *frames) write(b []byte) {
	for len(b) > 0 && w.err == nil {
		n := copy(w.room(), b)
		w.took(n)
		b = b[n:]
	}
}

// copy sends a stretch of a file.
func (w *frames) copy(ctx context.Context, f io.ReaderAt, from, to int64) error {
	for from < to && w.err == nil {
		room := w.room()
		n, err := f.ReadAt(room[:min(int64(len(room)), to-from)], from)
		w.took(n)
		if from += int64(n); n == 0 || err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(err, io.ErrUnexpectedEOF)
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return w.err
}

// end writes what is left, and the flush packet that ends the side-band.
func (w *frames) end() error {
	w.close()
	if w.n+len(pktline.FlushPacket) > frameBytes {
		w.flush()
	}
	w.n += copy((*w.buf)[w.n:], pktline.FlushPacket)
	w.from = w.n
	w.flush()
	return w.err
}
