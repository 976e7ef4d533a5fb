package policy

import (
	"strings"
	"unique"
)

// keyRef is a condition key in lower case, interned, so that two compare at once.
type keyRef struct {
	lower unique.Handle[string]
	slot  uint8 // where an evaluation keeps it
}

// keyName is a key and how it is written.
type keyName struct {
	keyRef
	written string
}

const slots = 32 // of an evaluation; more keys than typical policies name

func newKey(written string) keyName {
	low := strings.ToLower(written)
	hash := uint32(2166136261) // FNV-1a
	for i := range len(low) {
		hash = (hash ^ uint32(low[i])) * 16777619
	}
	return keyName{keyRef{unique.Make(low), uint8(hash>>24^hash) % slots}, written}
}

// keys are the keys of a document so far, the first few of them: most
// documents ask for the same ones again and again.
type keys []keyName

func (k *keys) find(written string) keyRef {
	const few = 16
	for i := range *k {
		if (*k)[i].written == written {
			return (*k)[i].keyRef
		}
	}
	found := newKey(written)
	if len(*k) < few {
		*k = append(*k, found)
	}
	return found.keyRef
}

// evaluation is a request taken apart once for all statements.
type evaluation struct {
	*Request
	service, name string       // of the action
	bounded       bool         // the caller has a permissions boundary
	notes         *Explanation // nil where only the decision is asked for
	facts         [slots]fact
}

func (e *evaluation) begin(s *Set, r *Request) {
	e.Request, e.bounded = r, s.Boundary != nil
	e.service, e.name, _ = strings.Cut(r.Action, ":")
}

// fact is what a request says of one key. A policy asks for few keys many
// times, so each is looked up and read once.
type fact struct {
	key    unique.Handle[string]
	values []string
	single reading // of the only value
}

// reading is a value of the request as a family reads it.
type reading struct {
	value
	of       family
	done, ok bool
}

func (v *reading) take(f family, s string) {
	v.ok = v.value.read(f, s)
	v.of, v.done = f, true
}

// read returns the only value as f reads it.
func (f *fact) read(as family) *reading {
	if !f.single.done || f.single.of != as {
		f.single.take(as, f.values[0])
	}
	return &f.single
}

// fact looks k up. Two keys may share a place: the later one takes it.
func (e *evaluation) fact(k *keyRef) *fact {
	f := &e.facts[k.slot]
	if f.key != k.lower {
		f.key, f.values, f.single.done = k.lower, e.Context[k.lower.Value()], false
	}
	return f
}

func (e *evaluation) values(k *keyName) []string {
	v := e.fact(&k.keyRef).values
	if len(v) == 0 {
		e.miss(k.written)
	}
	return v
}

// miss notes that the request does not have a key.
func (e *evaluation) miss(key string) {
	if e.notes != nil {
		e.notes.miss(key)
	}
}
