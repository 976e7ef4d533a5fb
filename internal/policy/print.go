package policy

import (
	"encoding/json"
	"strings"
)

// String is the document in one canonical form: no white space, the elements
// in one order, conditions sorted, a list of one as its value, every value a
// string. Parse of it gives the same policy. What a binding has changed (see
// BindPrincipals) does not show.
func (p *Policy) String() string {
	var w printer
	w.object(func() {
		w.member("Version", p.version)
		if p.id != "" {
			w.member("Id", p.id)
		}
		w.name("Statement")
		w.sequence('[', ']', len(p.statements), func(i int) { w.statement(p, &p.statements[i]) })
	})
	return w.out.String()
}

// printer writes compact JSON.
type printer struct {
	out  strings.Builder
	some bool // a member or an element stands before the next one
}

func (w *printer) object(members func()) {
	w.open('{')
	members()
	w.close('}')
}

func (w *printer) sequence(open, end byte, n int, item func(int)) {
	w.open(open)
	for i := range n {
		w.comma()
		item(i)
	}
	w.close(end)
}

func (w *printer) open(c byte) {
	w.out.WriteByte(c)
	w.some = false
}

func (w *printer) close(c byte) {
	w.out.WriteByte(c)
	w.some = true
}

func (w *printer) comma() {
	if w.some {
		w.out.WriteByte(',')
	}
	w.some = true
}

func (w *printer) name(s string) {
	w.comma()
	w.text(s)
	w.out.WriteByte(':')
}

func (w *printer) member(name, value string) {
	w.name(name)
	w.text(value)
}

func (w *printer) text(s string) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string into memory: it can't fail
	w.out.WriteString(strings.TrimSuffix(b.String(), "\n"))
}

func (w *printer) list(name string, values []string) {
	w.name(name)
	if len(values) == 1 {
		w.text(values[0])
		return
	}
	w.sequence('[', ']', len(values), func(i int) { w.text(values[i]) })
}

func (w *printer) statement(p *Policy, s *statement) {
	w.object(func() {
		if s.sid != "" {
			w.member("Sid", s.sid)
		}
		w.member("Effect", map[bool]string{false: "Allow", true: "Deny"}[s.deny])
		if s.principals != nil {
			w.name(negated(s.principals.not, "Principal"))
			w.principals(s.principals.written)
		}
		w.list(negated(s.notAction, "Action"), texts(s.actions, func(a *action) string { return a.written }))
		if s.resources != nil {
			w.list(negated(s.notResource, "Resource"), texts(s.resources, func(r *resource) string { return r.written }))
		}
		if len(s.conditions)+len(s.unknown) > 0 {
			w.name("Condition")
			w.object(func() { w.conditions(p, s) })
		}
	})
}

func negated(not bool, name string) string {
	if not {
		return "Not" + name
	}
	return name
}

func texts[T any](list []T, text func(*T) string) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = text(&list[i])
	}
	return out
}

// principals writes no names at all as "*", which is the only way to have none.
func (w *printer) principals(all []named) {
	if len(all) == 0 {
		w.text("*")
		return
	}
	w.object(func() {
		for len(all) > 0 {
			n := leading(all, func(p *named) bool { return p.kind == all[0].kind })
			w.list(all[0].kind, texts(all[:n], func(p *named) string { return p.value }))
			all = all[n:]
		}
	})
}

func (w *printer) conditions(p *Policy, s *statement) {
	of := func(i *uint16) *source { return p.conditions[*i].source }
	for rest := s.conditions; len(rest) > 0; {
		operator := of(&rest[0]).operator
		n := leading(rest, func(i *uint16) bool { return of(i).operator == operator })
		w.name(operator)
		w.object(func() {
			for i := range rest[:n] {
				w.list(of(&rest[i]).key, of(&rest[i]).values)
			}
		})
		rest = rest[n:]
	}
	for _, operator := range s.unknown {
		w.name(operator)
		w.object(func() {})
	}
}

// leading counts the elements at the start of list for which same is true.
func leading[T any](list []T, same func(*T) bool) (n int) {
	for n < len(list) && same(&list[n]) {
		n++
	}
	return n
}
