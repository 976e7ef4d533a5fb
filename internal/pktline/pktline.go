// Package pktline reads and writes pkt-lines, the framing of Git's wire
// protocols (gitprotocol-common), and the side-band that multiplexes data,
// progress and errors over them (gitprotocol-pack).
//
// It owns framing and its bounds. It does not own what the lines say: see
// package gitproto.
package pktline

import (
	"errors"
	"fmt"
)

// Bounds of one pkt-line, in bytes.
const (
	HeaderLen  = 4
	MaxLine    = 65520 // with its header
	MaxPayload = MaxLine - HeaderLen
)

// Kind tells the packets apart.
type Kind uint8

// The kinds of packets. All but Data are four bytes long and carry nothing.
const (
	Data        Kind = iota
	Flush            // 0000
	Delim            // 0001, protocol v2
	ResponseEnd      // 0002, protocol v2 over stateless connections
)

func (k Kind) String() string {
	return [...]string{"data", "flush", "delim", "response-end"}[k]
}

// ErrTooLong is returned for a payload of more than MaxPayload bytes.
var ErrTooLong = errors.New("pkt-line longer than 65516 bytes")

// SyntaxError is a length field that is none.
type SyntaxError struct{ Header [HeaderLen]byte }

func (e *SyntaxError) Error() string { return fmt.Sprintf("bad pkt-line length %q", e.Header[:]) }
