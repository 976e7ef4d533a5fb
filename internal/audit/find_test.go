package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)
	for i, r := range []Record{{RequestID: "one", EventName: "A"}, {RequestID: "two", EventName: "B"}, {RequestID: "one", EventName: "C"},
		{RequestID: "three", EventName: "D", UserAgent: "one"}} {
		r.EventTime = day.Add(time.Duration(i/3) * time.Hour)
		if err := l.Record(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(dir, "2026-11-26.jsonl") // a newer file with what is no record
	if err := os.WriteFile(torn, []byte("{\"requestID\":\"one\",\n\nnull\n{\"requestID\":\"two\""), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"one": "AC", "two": "B", "three": "D", "on": "", "four": ""} {
		found, err := Find(t.Context(), dir, id)
		var got strings.Builder
		for _, r := range found {
			got.WriteString(r.EventName)
		}
		if err != nil || got.String() != want {
			t.Errorf("%s: found %q, %v; want %q", id, got.String(), err, want)
		}
	}
	if _, err := Find(t.Context(), dir, ""); err == nil {
		t.Error("every record has an empty id")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Find(ctx, dir, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if found, err := Find(t.Context(), filepath.Join(dir, "none"), "one"); len(found) != 0 || err != nil {
		t.Errorf("without a log: %v %v", found, err)
	}
}

func FuzzScan(f *testing.F) {
	f.Add(`{"requestID":"id","eventName":"A"}`+"\n", "id")
	f.Add("{\"requestID\":\"id\"", "id")
	dir, day := f.TempDir(), segment{"2026-11-26", 1}
	f.Fuzz(func(t *testing.T, text, id string) {
		if err := os.WriteFile(filepath.Join(dir, day.name()), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := findIn(t.Context(), dir, day, id)
		if err != nil || len(found) > strings.Count(text, "\n")+1 {
			t.Error(len(found), err)
		}
		for _, r := range found {
			if r.RequestID != id {
				t.Error(fmt.Sprint(r))
			}
		}
	})
}
