package outbound

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// fakeDNS answers for the names in zone.
func fakeDNS(t *testing.T, zone map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go serveDNS(conn, zone)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func serveDNS(conn net.PacketConn, zone map[string][]string) {
	buf := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		name, end := question(buf[12:n])
		kind := binary.BigEndian.Uint16(buf[12+end:])
		conn.WriteTo(answer(buf[:12+end+4], kind, zone[name]), from)
	}
}

// question reads the labels of the first question and returns where they end.
func question(b []byte) (string, int) {
	var labels []string
	i := 0
	for b[i] != 0 {
		n := int(b[i])
		labels = append(labels, string(b[i+1:i+1+n]))
		i += 1 + n
	}
	return strings.ToLower(strings.Join(labels, ".")), i + 1
}

func answer(query []byte, kind uint16, addrs []string) []byte {
	out := append([]byte(nil), query...)
	count := 0
	for _, text := range addrs {
		a := netip.MustParseAddr(text)
		if (kind == 1) != a.Is4() || (kind != 1 && kind != 28) {
			continue
		}
		count++
		out = append(out, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
		out = append(out, a.AsSlice()...)
	}
	out[2], out[3] = 0x84, 0 // an authoritative answer
	binary.BigEndian.PutUint16(out[6:], uint16(count))
	binary.BigEndian.PutUint16(out[10:], 0) // drops EDNS, which is cut off by the question's end
	return out
}
