package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"sojourn/internal/git"
	"sojourn/internal/objects"
)

// copyBlob copies one blob and compares what it has read with the checksum.
func copyBlob(ctx context.Context, from, into objects.Store, f git.PackFile, dir dataDir) error {
	r, err := from.Open(ctx, f.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	tmp, err := os.CreateTemp(string(dir), ".blob-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = checked(f, r, tmp)
	if err = errors.Join(err, tmp.Close(), ctx.Err()); err != nil {
		return err
	}
	return into.Put(ctx, f.Key, tmp.Name())
}

// checked reads a blob to w and compares it with its checksum.
func checked(f git.PackFile, r io.Reader, w io.Writer) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if err != nil {
		return fmt.Errorf("copying %s: %w", f.Key, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); n != f.Size || got != f.SHA256 {
		return fmt.Errorf("%s is damaged: it has %d bytes with SHA-256 %s, not %d with %s; \"sojourn admin fsck\" tells more", f.Key, n, got, f.Size, f.SHA256)
	}
	return nil
}
