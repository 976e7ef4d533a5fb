package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestLostRatios(t *testing.T) {
	kept := map[string]float64{"S1: a": 10, "S2: b": 10, "S3: c": 0.5, "S4: d": 1}
	now := map[string]float64{"S1: a": 8.01, "S2: b": 7.99, "S3: c": 0.3}
	if lost, want := lostRatios(kept, now), []string{"S2: b: ×7.99, was ×10.0", "S3: c: ×0.300, was ×0.500"}; !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q", lost, want)
	}
}

// A ratio is of the same round: a slow moment of the machine is in both.
func TestRatios(t *testing.T) {
	var r results
	for _, v := range [][2]float64{{1, 3}, {10, 30}, {2, 5}} {
		r.add("S", ours, sample{"m": v[0]})
		r.add("S", base, sample{"m": v[1]})
	}
	if ratio, ok := r.ratio("S", "m", base); !ok || ratio != 3 {
		t.Errorf("ratio %v %v, want 3", ratio, ok)
	}
	if _, ok := r.ratio("S", "m", "limit"); ok {
		t.Error("a ratio to a peer without results")
	}
}

// Every scenario and metric that is guarded is one.
func TestGuarded(t *testing.T) {
	for id, metrics := range guarded {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.id == id })
		for _, name := range metrics {
			if i < 0 || !slices.ContainsFunc(scenarios[i].metrics, func(m metric) bool { return m.name == name }) {
				t.Errorf("%s: %s is guarded, and is not measured", id, name)
			}
		}
	}
}

func TestPicture(t *testing.T) {
	var r results
	for _, p := range []string{ours, base, "limit"} {
		r.add("S5", p, sample{"server CPU s": float64(len(p))})
	}
	text := r.picture(scenarios)
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("no XML: %v\n%s", err, text)
		}
	}
	if strings.Count(text, "<rect") < 3 || strings.Contains(text, "info/refs") {
		t.Errorf("want three bars, and nothing of what was not measured:\n%s", text)
	}
}
