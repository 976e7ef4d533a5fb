package directory

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// told is a connection on which a directory has said everything already.
type told struct {
	net.Conn
	io.Reader
}

func (c told) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// element is one of BER with a length of four bytes.
func element(tag byte, content []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{tag, 0x84}, uint32(len(content))), content...)
}

// small are n elements of two bytes each.
func small(n int) []byte { return bytes.Repeat([]byte{0x05, 0x00}, n) }

// taken is how much memory it takes to read all that a directory has said, and
// how many bytes of it are taken.
func taken(said []byte) (memory uint64, read int) {
	var before, after runtime.MemStats
	in := bytes.NewReader(said)
	m := newMessages(told{Reader: in})
	var all []*ber.Packet
	runtime.ReadMemStats(&before)
	for {
		p, err := ber.ReadPacket(m)
		if err != nil {
			break
		}
		all = append(all, p)
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(all)
	return after.TotalAlloc - before.TotalAlloc, len(said) - in.Len()
}

// A hostile directory answers many at once, and what it says is held: it must not
// take a hundred times its own length.
func TestAttackAnAnswerThatSwells(t *testing.T) {
	for name, said := range map[string][]byte{
		"one message of small elements":     element(0x30, small(maxTraffic/2-8)),
		"one message, just in bounds":       element(0x30, small((maxMessage-maxHeader)/2)),
		"many messages of small elements":   bytes.Repeat(element(0x30, small(30_000)), 40),
		"small elements inside of others":   element(0x30, bytes.Repeat(append([]byte{0x30, 0x04}, small(2)...), maxTraffic/6)),
		"a message that says it is larger":  append([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, small(1000)...),
		"a message without a length":        append([]byte{0x30, 0x80}, small(maxTraffic/2)...),
		"an element that ends behind all":   element(0x30, []byte{0x04, 0x84, 0x7f, 0xff, 0xff, 0xff}),
		"a message with a tag of two bytes": append([]byte{0x3f, 0x81, 0x01, 0x00}, small(1000)...),
	} {
		if memory, read := taken(said); memory > 64<<20 {
			t.Errorf("%s: %d bytes became %d MiB", name, read, memory>>20)
		}
	}
}

// The same before TLS, where anybody on the way may answer.
func TestAttackAnAnswerToStartTLSThatSwells(t *testing.T) {
	var before, after runtime.MemStats
	said := bytes.NewReader(element(0x30, small(maxTraffic/2-8)))
	runtime.ReadMemStats(&before)
	err := readStartTLS(said)
	runtime.ReadMemStats(&after)
	if memory := after.TotalAlloc - before.TotalAlloc; err == nil || memory > 1<<20 {
		t.Errorf("it became %d bytes, %v", memory, err)
	}
}

// FuzzMessages wants that what is passed on is what came, message by message,
// and that the library reads as many elements as were counted.
func FuzzMessages(f *testing.F) {
	f.Add(message(1, ldap.ApplicationBindResponse, 0, "").Bytes())
	f.Add(message(2, ldap.ApplicationSearchResultDone, 4, "x").Bytes())
	f.Add([]byte{0x30, 0x81, 0x03, 0x02, 0x01, 0x01, 0x30})
	f.Fuzz(func(t *testing.T, said []byte) {
		b, err := readMessage(bufio.NewReader(bytes.NewReader(said)))
		if err != nil {
			return
		}
		if !bytes.HasPrefix(said, b) {
			t.Fatalf("%x is passed on as %x", said, b)
		}
		n, err := elements(b)
		if err != nil {
			if !errors.Is(err, errForm) {
				t.Error(err)
			}
			return
		}
		if p, err := ber.DecodePacketErr(b); err == nil && count(p) > n {
			t.Errorf("%x has %d elements, %d were counted", b, count(p), n)
		}
	})
}

func count(p *ber.Packet) (n int) {
	for _, c := range p.Children {
		n += count(c)
	}
	return n + 1
}
