package pktline

import "io"

// The packets without a payload.
const (
	FlushPacket       = "0000"
	DelimPacket       = "0001"
	ResponseEndPacket = "0002"
)

const hexDigits = "0123456789abcdef"

// Append appends a data packet made of the parts. A payload longer than
// MaxPayload is cut off there: the parts of a line that could be so long must
// be checked by who has them, and Writer does.
func Append(dst []byte, parts ...string) []byte {
	start := len(dst)
	dst = append(dst, FlushPacket...)
	for _, p := range parts {
		dst = append(dst, p...)
	}
	if len(dst)-start > MaxLine {
		dst = dst[:start+MaxLine]
	}
	putLength(dst[start:], len(dst)-start)
	return dst
}

func putLength(dst []byte, n int) {
	dst[0], dst[1], dst[2], dst[3] = hexDigits[n>>12&15], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15]
}

// Writer writes packets, each with one Write.
type Writer struct {
	dst io.Writer
	buf []byte
}

// NewWriter makes a Writer to dst.
func NewWriter(dst io.Writer) *Writer { return &Writer{dst: dst} }

// Packet writes a data packet; ErrTooLong when the payload does not fit.
func (w *Writer) Packet(payload []byte) error {
	if len(payload) > MaxPayload {
		return ErrTooLong
	}
	w.buf = append(append(w.buf[:0], FlushPacket...), payload...)
	putLength(w.buf, len(w.buf))
	_, err := w.dst.Write(w.buf)
	return err
}

// Line is Packet for text, with the newline that ends a line of text.
func (w *Writer) Line(text string) error { return w.Packet(append([]byte(text), '\n')) }

// Special writes a packet without a payload.
func (w *Writer) Special(k Kind) error {
	packet := map[Kind]string{Flush: FlushPacket, Delim: DelimPacket, ResponseEnd: ResponseEndPacket}[k]
	_, err := io.WriteString(w.dst, packet)
	return err
}
