package gitexec

import (
	"bytes"
	"io"
)

// feeder copies a reader into a process's standard input, and reads on to the
// end when the process does not want it.
type feeder struct {
	src     io.Reader
	pipe    io.WriteCloser
	done    chan struct{}
	readErr error
}

func newFeeder(src io.Reader) *feeder { return &feeder{src: src, done: make(chan struct{})} }

func (f *feeder) run() {
	defer close(f.done)
	if f.pipe == nil {
		return
	}
	defer f.pipe.Close()
	buf := make([]byte, 64<<10)
	wanted := true
	for {
		n, err := f.src.Read(buf)
		if n > 0 && wanted {
			if _, werr := f.pipe.Write(buf[:n]); werr != nil {
				wanted = false
			}
		}
		if err != nil {
			if err != io.EOF {
				f.readErr = err
			}
			return
		}
	}
}

// Bounds of what is kept of a process's standard error.
const (
	maxStderr = 8 << 10
	maxLine   = 4 << 10
)

// lineWriter keeps the beginning of what it is given and hands it on line by line.
type lineWriter struct {
	each func(line []byte)
	head bytes.Buffer
	line []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.head.Write(p[:min(len(p), maxStderr-w.head.Len())])
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\n\r") + 1
		if end == 0 {
			end = len(p)
		}
		if len(w.line)+end <= maxLine {
			w.line = append(w.line, p[:end]...)
		}
		if c := p[end-1]; c == '\n' || c == '\r' {
			w.flush()
		}
		p = p[end:]
	}
	return n, nil
}

func (w *lineWriter) flush() {
	if len(w.line) > 0 && w.each != nil {
		w.each(w.line)
	}
	w.line = w.line[:0]
}
