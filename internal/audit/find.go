package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Find returns the records of one request from the log in dir, in the order in
// which they were written; none when there are none. It may run beside the
// server. A request's records stand in one day's file, for they bear the time at
// which the request was accepted; the newest file is read first.
func Find(ctx context.Context, dir, requestID string) ([]Record, error) {
	if requestID == "" {
		return nil, errors.New("finding a request: its id is missing")
	}
	files, err := filepath.Glob(filepath.Join(dir, "????-??-??.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("finding a request: %w", err)
	}
	slices.Sort(files)
	for _, name := range slices.Backward(files) {
		found, err := findIn(ctx, name, requestID)
		if err != nil {
			return nil, fmt.Errorf("finding a request: %w", err)
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

func findIn(ctx context.Context, name, requestID string) ([]Record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return scan(ctx, f, requestID)
}

// scan passes over lines that are no records: one may be cut short by a full
// disk, or be in the making.
func scan(ctx context.Context, r io.Reader, requestID string) (found []Record, err error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	for ctx.Err() == nil {
		line, err := lines.ReadBytes('\n')
		var rec Record
		if bytes.Contains(line, []byte(requestID)) && json.Unmarshal(line, &rec) == nil && rec.RequestID == requestID {
			found = append(found, rec)
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, ctx.Err()
}
