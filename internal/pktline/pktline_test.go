package pktline

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
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
	for _, in := range []string{"0003", "fff1", "ffff", "00g0", "-001", " 004", "PACK"} {
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
	if _, _, err := NewReader(strings.NewReader("")).Next(); !errors.Is(err, io.EOF) {
		t.Errorf("nothing: %v, want EOF", err)
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
