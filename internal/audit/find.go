package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Find returns the records of one request from the log in dir, in the order in
// which they were written; none when there are none. It may run beside the
// server. A request's records stand in one file or, where another was begun
// meanwhile, in two that follow each other; the newest file is read first.
func Find(ctx context.Context, dir, requestID string) ([]Record, error) {
	if requestID == "" {
		return nil, errors.New("finding a request: its id is missing")
	}
	files, err := segments(dir)
	if err != nil {
		return nil, fmt.Errorf("finding a request: %w", err)
	}
	var found []Record
	for _, s := range slices.Backward(files) {
		here, err := findIn(ctx, dir, s, requestID)
		if err != nil {
			return nil, fmt.Errorf("finding a request: %w", err)
		}
		if len(here) == 0 && len(found) > 0 {
			break
		}
		found = append(here, found...)
	}
	return found, nil
}

// findIn passes over lines that are no records: one may be cut short by a full
// disk, or be in the making.
func findIn(ctx context.Context, dir string, s segment, requestID string) (found []Record, err error) {
	c := &cursor{dir: dir, at: s, filter: Filter{RequestID: requestID}}
	err = c.read(ctx, func(r *Record, _ []byte) error {
		found = append(found, *r)
		return nil
	})
	return found, err
}
