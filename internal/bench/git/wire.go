package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/pktline"
)

// command is a request of version 2.
func command(name string, args ...string) []byte {
	var b []byte
	for _, l := range []string{"command=" + name, "agent=git/2.39.5", "object-format=sha1"} {
		b = pktline.Append(b, l, "\n")
	}
	b = append(b, pktline.DelimPacket...)
	for _, l := range args {
		b = pktline.Append(b, l, "\n")
	}
	return append(b, pktline.FlushPacket...)
}

// lsRefs is what git clone asks for.
func lsRefs() []byte {
	return command("ls-refs", "peel", "symrefs", "unborn", "ref-prefix refs/heads/", "ref-prefix refs/tags/", "ref-prefix HEAD")
}

// fetch asks for a pack. Deepen is the depth, 0 for all of the history.
func fetch(wants, haves []string, deepen int) []byte {
	args := []string{"thin-pack", "include-tag", "ofs-delta"}
	if deepen > 0 {
		args = append(args, "deepen "+strconv.Itoa(deepen))
	}
	for _, id := range wants {
		args = append(args, "want "+id)
	}
	for _, id := range haves {
		args = append(args, "have "+id)
	}
	return command("fetch", append(args, "done")...)
}

// tips are the distinct ids that an answer to ls-refs names, without the peeled.
func tips(r io.Reader) (ids []string, err error) {
	seen := map[string]bool{}
	packets := pktline.NewReader(r)
	for {
		kind, line, err := packets.Next()
		if err != nil || kind == pktline.Flush {
			return ids, err
		}
		id, _, _ := strings.Cut(string(line), " ")
		if len(id) == 40 && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
}

// wants asks a peer for a repository's tips.
func (p *peer) wants(repository string) (ids []string, err error) {
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	defer c.close()
	err = c.do(p.post(repository, lsRefs()), func(r io.Reader) error {
		ids, err = tips(r)
		return err
	})
	return ids, err
}

// received is what a client that throws packs away learnt about one.
type received struct {
	first, whole time.Duration // to the first byte of the pack, and to its end
	bytes        int64
}

// receive asks for a pack and throws it away.
func (p *peer) receive(repository string, request []byte) (got received, err error) {
	c, err := p.connect()
	if err != nil {
		return got, err
	}
	defer c.close()
	start := time.Now()
	err = c.do(p.post(repository, request), func(r io.Reader) error { return got.read(r, start) })
	return got, err
}

func (got *received) read(r io.Reader, start time.Time) error {
	packets := pktline.NewReader(r)
	inPack := false
	for {
		kind, b, err := packets.Next()
		switch {
		case err != nil:
			return err
		case kind == pktline.Flush:
			got.whole = time.Since(start)
			if got.bytes < 32 {
				return errors.New("the answer has no pack")
			}
			return nil
		case kind != pktline.Data:
		case !inPack:
			inPack = bytes.Equal(bytes.TrimSpace(b), []byte("packfile"))
			if bytes.HasPrefix(b, []byte("ERR ")) {
				return fmt.Errorf("the server says: %s", b[4:])
			}
		case len(b) > 0 && b[0] == pktline.BandData:
			if got.bytes == 0 {
				got.first = time.Since(start)
			}
			got.bytes += int64(len(b) - 1)
		case len(b) > 0 && b[0] == pktline.BandFatal:
			return fmt.Errorf("the server says: %s", b[1:])
		}
	}
}
