package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// vector holds one value for each set of labels that has been used.
type vector[T any] struct {
	labels []string
	fresh  func() *T

	mu     sync.RWMutex
	values map[string]*T // by the values of the labels, each behind a NUL
}

// of returns the value of these labels, in the order of their names.
func (v *vector[T]) of(values []string) *T {
	key := strings.Join(values, "\x00")
	v.mu.RLock()
	t := v.values[key]
	v.mu.RUnlock()
	if t != nil {
		return t
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.values[key] == nil {
		v.values[key] = v.fresh()
	}
	return v.values[key]
}

// each calls f with rendered labels, in their order.
func (v *vector[T]) each(f func(labels string, t *T)) {
	v.mu.RLock()
	values := maps.Clone(v.values)
	v.mu.RUnlock()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		var labels []Label
		for i, value := range strings.Split(key, "\x00") {
			labels = append(labels, Label{v.labels[i], value})
		}
		f(render(labels), values[key])
	}
}

// Counters are counters with labels.
type Counters struct{ vector[atomic.Uint64] }

// Counters adds counters to the registry, before it is served.
func (r *Registry) Counters(name, help string, labels ...string) *Counters {
	c := &Counters{vector[atomic.Uint64]{labels: labels, values: map[string]*atomic.Uint64{}, fresh: func() *atomic.Uint64 { return new(atomic.Uint64) }}}
	r.add(family{name, help, Counter, func(w *writer) {
		c.each(func(labels string, n *atomic.Uint64) { w.sample(name, labels, float64(n.Load())) })
	}})
	return c
}

// Inc counts one more. There must be as many values as labels.
func (c *Counters) Inc(values ...string) { c.of(values).Add(1) }

// Histograms are distributions with labels.
type Histograms struct {
	vector[distribution]
	bounds []float64
}

// distribution is how many observations each bucket and all of them together have had.
type distribution struct {
	mu     sync.Mutex
	counts []uint64 // of each bucket alone; the last has no upper bound
	sum    float64
}

// Histograms adds histograms to the registry, before it is served. buckets are upper bounds, ascending.
func (r *Registry) Histograms(name, help string, buckets []float64, labels ...string) *Histograms {
	h := &Histograms{bounds: buckets, vector: vector[distribution]{labels: labels, values: map[string]*distribution{},
		fresh: func() *distribution { return &distribution{counts: make([]uint64, len(buckets)+1)} }}}
	r.add(family{name, help, histogram, func(w *writer) {
		h.each(func(labels string, d *distribution) { d.write(w, name, labels, buckets) })
	}})
	return h
}

// Observe counts a value.
func (h *Histograms) Observe(v float64, values ...string) {
	i, _ := slices.BinarySearch(h.bounds, v)
	d := h.of(values)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[i]++
	d.sum += v
}

func (d *distribution) write(w *writer, name, labels string, buckets []float64) {
	d.mu.Lock()
	counts, sum := slices.Clone(d.counts), d.sum
	d.mu.Unlock()
	if labels != "" {
		labels += ","
	}
	var n uint64
	for i, c := range counts {
		bound := "+Inf"
		if i < len(buckets) {
			bound = number(buckets[i])
		}
		n += c
		w.sample(name+"_bucket", labels+`le="`+bound+`"`, float64(n))
	}
	labels = strings.TrimSuffix(labels, ",")
	w.sample(name+"_sum", labels, sum)
	w.sample(name+"_count", labels, float64(n))
}
