package git

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"sojourn/internal/store"
)

// room is what a push may bring.
type room struct {
	bytes       int64 // of its pack; none when 0 or less
	used, quota int64 // of the account, where that is what bounds it
}

// room asks how much a push of an account may bring now. The commit asks again.
func (e *Engine) room(ctx context.Context, account string) (room, error) {
	m := room{bytes: e.opt.MaxPack}
	if e.opt.Quota == 0 {
		return m, nil
	}
	var used int64
	err := e.store.View(ctx, func(tx store.Tx) (err error) {
		used, err = tx.AccountBytes(account)
		return err
	})
	if left := e.opt.Quota - used; left < m.bytes {
		m = room{bytes: left, used: used, quota: e.opt.Quota}
	}
	return m, err
}

// refusal is for a pack that is larger.
func (m room) refusal() error {
	if m.quota == 0 {
		return nil // what git says names the size
	}
	return overQuota(m.used, m.quota)
}

func (m room) refuse(err error) error {
	if err != nil {
		return err
	}
	return &unpackError{refusal: m.refusal(), cause: errors.New("no room")}
}

func overQuota(used, quota int64) error {
	return fmt.Errorf("%w: %s of %s are stored; delete repositories, or ask an administrator for more", ErrQuota, mib(used), mib(quota))
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// fits refuses a pack for which the account has no room, in the transaction that
// would add it.
func (p *plan) fits() error {
	if p.c.quota == 0 {
		return nil
	}
	used, err := p.tx.AccountBytes(p.row.Account)
	if err == nil && used+p.c.pack.pack.Size+p.c.pack.pack.IdxSize > p.c.quota {
		err = overQuota(used, p.c.quota)
	}
	return err
}

// deflated is less than the most that zlib makes of one byte.
const deflated = 1100

// checkBlobs refuses a pack with a blob above a limit. A blob that is a delta is
// bounded by what git index-pack may allocate for it; of the others only those
// are looked at that take enough of the pack to be so large.
func (in *incoming) checkBlobs(index *packIndex, limit int64) error {
	pack, err := os.Open(in.file + ".pack")
	if err != nil {
		return err
	}
	defer pack.Close()
	info, err := pack.Stat()
	if err != nil || info.Size() < limit/deflated {
		return err
	}
	places := make([]int, index.objects)
	offsets := make([]int64, index.objects)
	for i := range places {
		places[i] = i
		if offsets[i], err = index.offset(i); err != nil {
			return err
		}
	}
	slices.SortFunc(places, func(a, b int) int { return int(min(max(offsets[a]-offsets[b], -1), 1)) })
	for i, place := range places {
		end := info.Size()
		if i+1 < len(places) {
			end = offsets[places[i+1]]
		}
		if end-offsets[place] < limit/deflated {
			continue
		}
		kind, size, err := packEntry(pack, offsets[place])
		if err != nil {
			return err
		}
		if kind == "blob" && size > limit {
			oid, err := index.oid(place)
			if err != nil {
				return err
			}
			text := fmt.Sprintf("blob %s has %d bytes; a file may have %d (%s) at the most (git rev-list --objects --all tells its name)", oid, size, limit, mib(limit))
			return &unpackError{text: text, cause: errors.New("a blob is too large")}
		}
	}
	return nil
}

// packEntry reads the beginning of an object in a pack: its kind, "" for a delta,
// and the size of what it inflates to (gitformat-pack).
func packEntry(pack io.ReaderAt, off int64) (kind string, size int64, err error) {
	var b [10]byte
	if n, err := pack.ReadAt(b[:], off); n == 0 {
		return "", 0, err
	}
	size = int64(b[0] & 15)
	for i, shift := 0, 4; b[i]&0x80 != 0 && i+1 < len(b); shift += 7 {
		i++
		size |= int64(b[i]&0x7f) << shift
	}
	return packTypes[b[0]>>4&7], size, nil
}

func (x *packIndex) oid(place int) (string, error) {
	var b [20]byte
	_, err := x.ReadAt(b[:], int64(8+4*256+20*place))
	return hex.EncodeToString(b[:]), err
}

// cannotWrite reports whether an error is of a disk that is full, read-only or broken.
func cannotWrite(err error) bool {
	return errors.Is(err, store.ErrDisk) || slices.ContainsFunc(diskErrors, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

var diskErrors = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO}

// diskFailed reports whether git says that it met one of those.
func diskFailed(stderr string) bool {
	return slices.ContainsFunc([]string{"No space left on device", "Disk quota exceeded", "Read-only file system", "Input/output error"},
		func(text string) bool { return strings.Contains(stderr, text) })
}

// excuse makes a refusal of every ref out of a failure to write, of which nothing
// was committed.
func (e *Engine) excuse(c *change, src io.Reader, err error) error {
	if errors.Is(err, store.ErrFrozen) {
		refuse(c.alive(), ErrFrozen)
		return nil
	}
	if errors.Is(err, ErrUnknownOutcome) || !cannotWrite(err) {
		return err
	}
	e.opt.Log.Error("a push could not be written", "repository", c.repo, "cause", err)
	if err := drain(src); err != nil {
		return err
	}
	refuse(c.alive(), ErrDisk)
	return nil
}
