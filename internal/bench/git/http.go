package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
)

// conn is a kept-alive connection. It reads no more of HTTP than these servers'
// answers need, so that the client costs little beside the server.
type conn struct {
	c  net.Conn
	in *bufio.Reader
}

func (p *peer) connect() (*conn, error) {
	c, err := p.dial()
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

func (c *conn) close() { c.c.Close() }

// do sends a request, which is its bytes on the wire, and gives the answer's
// body to read; any answer but 200 is an error.
func (c *conn) do(request []byte, read func(io.Reader) error) error {
	if _, err := c.c.Write(request); err != nil {
		return err
	}
	body, chunked, err := c.head()
	if err != nil {
		return err
	}
	if err := read(body); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if chunked { // the chunks' reader leaves the line that ends the trailer
		_, err = c.in.ReadSlice('\n')
	}
	return err
}

func (c *conn) head() (body io.Reader, chunked bool, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, false, err
	}
	status := string(bytes.TrimSpace(line))
	length := int64(-1)
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, false, err
		}
		name, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		switch {
		case !ok:
			if length < 0 && !chunked {
				return nil, false, fmt.Errorf("%s: an answer without a length", status)
			}
			if chunked {
				body = httputil.NewChunkedReader(c.in)
			} else {
				body = io.LimitReader(c.in, length)
			}
			if len(status) < 12 || status[9:12] != "200" {
				text, _ := io.ReadAll(io.LimitReader(body, 1000))
				err = fmt.Errorf("%s\n%s", status, text)
			}
			return body, chunked, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return nil, false, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

// discard reads an answer that nobody wants, and fails if there is none.
func discard(r io.Reader) error {
	n, err := io.Copy(io.Discard, r)
	if err == nil && n == 0 {
		err = errors.New("an empty answer")
	}
	return err
}

// get is a request for a repository's refs.
func (p *peer) get(repository, service string, version int) []byte {
	return p.request("GET", repository, "/info/refs?service="+service, version, "", nil)
}

// post is a request of upload-pack in version 2.
func (p *peer) post(repository string, body []byte) []byte {
	return p.request("POST", repository, "/git-upload-pack", 2, "application/x-git-upload-pack-request", body)
}

func (p *peer) request(method, repository, what string, version int, contentType string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: git/2.39.5\r\nAccept: */*\r\n", method, p.path(repository), what, p.url.Host)
	if a := p.authorization(repository); a != "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", a)
	}
	if version > 0 {
		fmt.Fprintf(&b, "Git-Protocol: version=%d\r\n", version)
	}
	if contentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", contentType, len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
