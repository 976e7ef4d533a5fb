package pktline

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestNext(t *testing.T) {
	for _, c := range []struct {
		name, in string
		kind     Kind
		payload  string
		rest     string
	}{
		{"data", "0009hello0000", Data, "hello", "0000"},
		{"upper case", "000Ahello\nPACK", Data, "hello\n", "PACK"},
		{"empty data", "0004x", Data, "", "x"},
		{"each digit", "0A9f" + strings.Repeat("a", 0xa9b) + "b", Data, strings.Repeat("a", 0xa9b), "b"},
		{"each digit more", "aF0E" + strings.Repeat("a", 0xaf0a), Data, strings.Repeat("a", 0xaf0a), ""},
		{"flush", "0000PACK", Flush, "", "PACK"},
		{"delim", "0001", Delim, "", ""},
		{"response end", "0002", ResponseEnd, "", ""},
		{"longest", "fff0" + strings.Repeat("a", MaxPayload) + "b", Data, strings.Repeat("a", MaxPayload), "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := strings.NewReader(c.in)
			kind, payload, err := NewReader(src).Next()
			if err != nil || kind != c.kind || string(payload) != c.payload {
				t.Fatalf("got %v %.20q %v", kind, payload, err)
			}
			if rest, _ := io.ReadAll(src); string(rest) != c.rest {
				t.Errorf("left %q, want %q: a reader must not take more than its packet", rest, c.rest)
			}
		})
	}
}

func TestNextRefuses(t *testing.T) {
	for _, in := range []string{"0003", "fff1", "ffff", "00g0", "-001", " 004", "PACK", "00:0", "00/0", "00@0", "00G0", "00`0"} {
		_, _, err := NewReader(strings.NewReader(in + strings.Repeat("x", 70000))).Next()
		if _, ok := errors.AsType[*SyntaxError](err); !ok {
			t.Errorf("%q: %v, want a syntax error", in, err)
		}
	}
	for _, in := range []string{"0", "000", "0009hell", "0005"} {
		if _, _, err := NewReader(strings.NewReader(in)).Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v, want unexpected EOF", in, err)
		}
	}
	if _, _, err := NewReader(strings.NewReader("")).Next(); err != io.EOF { //nolint:errorlint // callers may compare with it
		t.Errorf("nothing: %v, want EOF", err)
	}
	broken := errors.New("input/output error")
	for in, part := range map[string]string{"": "header", "00": "header", "0009": "payload", "0009he": "payload"} {
		_, _, err := NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken))).Next()
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q from a source that breaks: %v", in, err)
		}
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	err := errors.Join(w.Line("version 2"), w.Packet(nil), w.Special(Delim), w.Special(ResponseEnd), w.Special(Flush))
	if want := "000eversion 2\n0004000100020000"; err != nil || b.String() != want {
		t.Fatalf("got %q %v, want %q", b.String(), err, want)
	}
	if err := w.Packet(make([]byte, MaxPayload+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if got := string(Append(nil, "ng ", "refs/heads/x", "\n")); got != "0014ng refs/heads/x\n" {
		t.Errorf("Append: %q", got)
	}
	if got := Append(nil, strings.Repeat("x", MaxLine)); len(got) != MaxLine || string(got[:4]) != "fff0" {
		t.Errorf("Append of too much: %d bytes, %q", len(got), got[:4])
	}
}

// One reader's packets do not touch those before them but for what it says.
func TestSizes(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	sizes := []int{1, 2000, 1, 2001, 1024, 3000, 0, MaxPayload}
	for i, n := range sizes {
		if err := w.Packet(bytes.Repeat([]byte{byte('a' + i)}, n)); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReader(&b)
	for i, n := range sizes {
		if kind, p, err := r.Next(); err != nil || kind != Data || !bytes.Equal(p, bytes.Repeat([]byte{byte('a' + i)}, n)) {
			t.Errorf("packet %d of %d bytes: %v, %d bytes, %v", i, n, kind, len(p), err)
		}
	}
	for in, want := range map[string]string{"": "", "a": "a", "a\n": "a", "a\n\n": "a\n", "\n": "", "a\r\n": "a\r"} {
		if got := string(Text([]byte(in))); got != want {
			t.Errorf("the text of %q is %q", in, got)
		}
	}
	if got := string(Append([]byte("before"), strings.Repeat("x", MaxPayload))); len(got) != len("before")+MaxLine || !strings.HasPrefix(got, "beforefff0x") {
		t.Errorf("%.20q…, %d bytes", got, len(got))
	}
	packet := []byte(".....hello")
	if PutBand(packet, BandProgress); string(packet) != "000a\x02hello" {
		t.Errorf("%q", packet)
	}
}

func TestSideband(t *testing.T) {
	var b bytes.Buffer
	s := NewSideband(&b)
	data := bytes.Repeat([]byte("0123456789"), 20000)
	if _, err := s.Band(BandData).Write(data); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(s.Send(BandData, nil), s.Send(BandProgress, []byte("working\n")), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	var got, progress []byte
	keepAlives := 0
	r := NewReader(&b)
	for {
		kind, p, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if kind == Flush {
			break
		}
		switch {
		case p[0] == BandProgress:
			progress = append(progress, p[1:]...)
		case len(p) == 1:
			keepAlives++
		default:
			got = append(got, p[1:]...)
		}
	}
	if !bytes.Equal(got, data) || string(progress) != "working\n" || keepAlives != 1 {
		t.Errorf("%d bytes of data, progress %q, %d keep-alives", len(got), progress, keepAlives)
	}
}

type brokenWriter struct{ writes int }

func (w *brokenWriter) Write([]byte) (int, error) { w.writes++; return 0, io.ErrClosedPipe }

func TestSidebandStopsAfterAnError(t *testing.T) {
	w := &brokenWriter{}
	if n, err := NewSideband(w).Band(BandData).Write([]byte("x")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%d written, %v", n, err)
	}
	if n, err := NewSideband(w).Band(BandData).Write(nil); n != 0 || err != nil || w.writes != 1 {
		t.Errorf("nothing: %d written, %v, in %d packets", n, err, w.writes)
	}
	var out bytes.Buffer
	if n, err := NewSideband(&out).Band(BandFatal).Write([]byte("x")); n != 1 || err != nil || out.String() != "0006\x03x" {
		t.Errorf("%d written, %v: %q", n, err, out.String())
	}
	w.writes = 0
	s := NewSideband(w)
	for range 3 {
		if err := s.Send(BandData, []byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
	}
	if err := s.Close(); !errors.Is(err, io.ErrClosedPipe) || w.writes != 1 {
		t.Errorf("%v after %d writes", err, w.writes)
	}
}
