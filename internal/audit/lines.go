package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine is longer than any line of the log. What is longer is no record.
const maxLine = 1 << 20

// lineReader reads lines with their ends, up to a longest one.
type lineReader struct {
	r       *bufio.Reader
	longest int
	buf     []byte
	read    int64 // of a line that is too long
	ended   bool  // that line's end was read
}

var errLong = errors.New("a line is too long")

func newLineReader(r io.Reader, longest int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10), longest: longest}
}

// next is the next line, or io.EOF. The last one may lack its end. It is valid
// until the next call.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf) == 0 && err == nil && len(part) <= l.longest {
			return part, nil
		}
		if len(l.buf)+len(part) > l.longest {
			l.read, l.ended = int64(len(l.buf)+len(part)), err == nil
			return nil, errLong
		}
		l.buf = append(l.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(l.buf) > 0:
			return l.buf, nil
		default:
			return l.buf, err
		}
	}
}

// nextShort is next, but of a line that is too long nothing is returned; n is
// how long it was.
func (l *lineReader) nextShort() (line []byte, n int64, err error) {
	line, err = l.next()
	if !errors.Is(err, errLong) {
		return line, int64(len(line)), err
	}
	for n = l.read; !l.ended; {
		part, err := l.r.ReadSlice('\n')
		n += int64(len(part))
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return nil, n, err
		}
	}
	return nil, n, nil
}

// errDone ends eachLine early.
var errDone = errors.New("done")

// eachLine calls f for each line of a file, counted from 1, until it fails.
func eachLine(path string, longest int, f func(n int, line []byte) error) error {
	file, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	r := newLineReader(file, longest)
	for n := 1; ; n++ {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
		if err := f(n, line); err != nil {
			return err
		}
	}
}
