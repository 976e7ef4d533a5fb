// Package metrics counts, and shows what is counted in Prometheus's text format
// (version 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/).
//
// It is here in place of Prometheus's own library because "sojourn" is also a
// client that git starts: that library and what it needs are initialised before
// the first argument is read, for a quarter of a short command's whole time.
// Names, types and labels of the runtime's and the process's metrics are that library's.
package metrics

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is a metric's type.
type Kind string

// The types that are used here.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	histogram Kind = "histogram"
	summary   Kind = "summary"
)

// Label is a name and a value. Values must be few and of our own choosing.
type Label struct{ Name, Value string }

// Func is a metric that is read when it is shown. Value is called by one goroutine at a time.
type Func struct {
	Kind       Kind
	Name, Help string
	Labels     []Label
	Value      func() float64
}

// family is all metrics of one name.
type family struct {
	name, help string
	kind       Kind
	write      func(w *writer)
}

// Registry is what a server shows.
type Registry struct {
	mu       sync.Mutex // shows one at a time
	families []family   // by name
}

// New makes a registry of the runtime's, the process's and these metrics.
func New(list ...Func) *Registry {
	r := &Registry{}
	r.add(family{"go_gc_duration_seconds", "Pauses of the garbage collector.", summary, pauses})
	for _, f := range slices.Concat(list, runtimeMetrics(), processMetrics()) {
		r.addFunc(f)
	}
	return r
}

func (r *Registry) add(f family) {
	i, there := slices.BinarySearchFunc(r.families, f.name, func(f family, name string) int { return cmp.Compare(f.name, name) })
	if !there {
		r.families = slices.Insert(r.families, i, f)
		return
	}
	first := r.families[i].write
	r.families[i].write = func(w *writer) { first(w); f.write(w) }
}

func (r *Registry) addFunc(f Func) {
	labels := render(f.Labels)
	r.add(family{f.Name, f.Help, f.Kind, func(w *writer) { w.sample(f.Name, labels, f.Value()) }})
}

// ServeHTTP shows all of it.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	io.WriteString(w, r.String())
}

// String is the text.
func (r *Registry) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var w writer
	for _, f := range r.families {
		w.text.Reset()
		if f.write(&w); w.text.Len() > 0 {
			w.all.WriteString("# HELP " + f.name + " " + helpText.Replace(f.help) + "\n# TYPE " + f.name + " " + string(f.kind) + "\n" + w.text.String())
		}
	}
	return w.all.String()
}

// writer collects samples of a family behind those of others.
type writer struct{ all, text strings.Builder }

// sample writes one line. labels are rendered, without braces.
func (w *writer) sample(name, labels string, value float64) {
	w.text.WriteString(name)
	if labels != "" {
		w.text.WriteString("{" + labels + "}")
	}
	w.text.WriteString(" " + number(value) + "\n")
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// What the format wants escaped in help texts and in labels' values.
var (
	helpText   = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// render sorts and spells labels.
func render(labels []Label) string {
	sorted := slices.SortedFunc(slices.Values(labels), func(a, b Label) int { return cmp.Compare(a.Name, b.Name) })
	var parts []string
	for _, l := range sorted {
		parts = append(parts, l.Name+`="`+labelValue.Replace(l.Value)+`"`)
	}
	return strings.Join(parts, ",")
}
