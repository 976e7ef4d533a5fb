package pktline

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzReader: whatever comes in, the reader stays within its bounds, and what
// it understood is, written again, byte for byte what it took (but for the case
// of the length's digits).
func FuzzReader(f *testing.F) {
	for _, s := range []string{"", "0000", "0001", "0002", "0003", "0004", "0009hello0000", "000ahello\n0001fff0", "FfF0", "zzzz"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		src := bytes.NewReader(in)
		r := NewReader(src)
		var out bytes.Buffer
		w := NewWriter(&out)
		for {
			taken := len(in) - src.Len()
			kind, payload, err := r.Next()
			if err != nil {
				if errors.Is(err, io.EOF) && taken != len(in) {
					t.Fatalf("EOF with %d bytes left", len(in)-taken)
				}
				in = in[:taken]
				break
			}
			if kind == Data {
				err = w.Packet(payload)
			} else {
				err = w.Special(kind)
			}
			if err != nil {
				t.Fatalf("writing what was read: %v", err)
			}
		}
		if !bytes.EqualFold(out.Bytes(), in) {
			t.Fatalf("read %q, written again %q", in, out.Bytes())
		}
	})
}
