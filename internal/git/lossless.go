package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"sojourn/internal/store"
)

// oidReader gives the object ids of an index in their order.
type oidReader struct {
	r    *bufio.Reader
	left int
	oid  [20]byte
}

func (x *packIndex) oids() *oidReader {
	const names = 8 + 4*256
	return &oidReader{r: bufio.NewReaderSize(io.NewSectionReader(x, names, 20*int64(x.objects)), 256<<10), left: x.objects}
}

func (o *oidReader) next() (bool, error) {
	if o.left == 0 {
		return false, nil
	}
	o.left--
	_, err := io.ReadFull(o.r, o.oid[:])
	return err == nil, err
}

// keeps fails unless every object of a pack that leaves is in one of those that
// are left. It goes through the indexes side by side, in little memory.
func (e *Engine) keeps(ctx context.Context, old *store.Pack, left []*packIndex) error {
	path, done, err := e.indexOf(ctx, old)
	if err != nil {
		return err
	}
	defer done()
	index, err := openPackIndex(path)
	if err != nil {
		return err
	}
	defer index.Close()
	others := make([]*oidReader, len(left))
	more := make([]bool, len(left))
	for i, x := range left {
		others[i] = x.oids()
		if more[i], err = others[i].next(); err != nil {
			return err
		}
	}
	mine := index.oids()
	for n := 0; ; n++ {
		ok, err := mine.next()
		if err != nil || !ok {
			return err
		}
		found := false
		for i, o := range others {
			for more[i] && bytes.Compare(o.oid[:], mine.oid[:]) < 0 {
				if more[i], err = o.next(); err != nil {
					return err
				}
			}
			found = found || more[i] && o.oid == mine.oid
		}
		if !found {
			return fmt.Errorf("object %s of pack %s is in none of the packs that stay", hex.EncodeToString(mine.oid[:]), old.ID)
		}
		if n&0xffff == 0xffff && ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// indexOf brings a pack's index here, which git has removed from the copy.
func (e *Engine) indexOf(ctx context.Context, p *store.Pack) (path string, done func(), err error) {
	dir, err := e.newDir(upkeepDir)
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "index")
	done = func() { removeAll(dir) }
	if err := e.opt.Objects.Fetch(ctx, blobKey(p.Repo, p.ID, ".idx"), path); err != nil {
		done()
		return "", nil, err
	}
	return path, done, nil
}
