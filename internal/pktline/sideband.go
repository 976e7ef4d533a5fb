package pktline

import (
	"io"
	"sync"
)

// Bands of the side-band: what they carry.
const (
	BandData     = 1
	BandProgress = 2 // shown to the user with "remote: " before each line
	BandFatal    = 3 // shown likewise; ends the exchange
)

// Sideband multiplexes bands over packets of up to MaxLine bytes
// (side-band-64k). It is safe for concurrent use: a keep-alive may come between
// two writes.
type Sideband struct {
	mu  sync.Mutex
	dst io.Writer
	buf []byte
	err error
}

// PutBand writes the length of a packet and its band into the packet's first five
// bytes. Behind them is its payload.
func PutBand(packet []byte, band byte) {
	putLength(packet, len(packet))
	packet[HeaderLen] = band
}

// NewSideband makes a Sideband over dst.
func NewSideband(dst io.Writer) *Sideband { return &Sideband{dst: dst} }

// Send writes p on a band, in as many packets as it takes; an empty p is one
// empty packet, which is a keep-alive. After an error it writes no more.
func (s *Sideband) Send(band byte, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil {
		part := p[:min(len(p), MaxPayload-1)]
		p = p[len(part):]
		s.buf = append(append(s.buf[:0], '0', '0', '0', '0', band), part...)
		putLength(s.buf, len(s.buf))
		_, s.err = s.dst.Write(s.buf)
		if len(p) == 0 {
			break
		}
	}
	return s.err
}

// Close ends the side-band with a flush packet; it does not close dst.
func (s *Sideband) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		_, s.err = io.WriteString(s.dst, FlushPacket)
	}
	return s.err
}

// Band is a Writer on one band.
func (s *Sideband) Band(band byte) io.Writer { return bandWriter{s, band} }

type bandWriter struct {
	s    *Sideband
	band byte
}

func (w bandWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := w.s.Send(w.band, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
