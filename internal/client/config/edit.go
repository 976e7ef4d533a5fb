package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Setting is one value to write. Sub is set for a value in a nested block:
// "s3.addressing_style" is Key "s3" and Sub "addressing_style".
type Setting struct{ Key, Sub, Value string }

// check refuses what the file cannot hold, so that nothing half-understood is written.
func (s *Setting) check() error {
	s.Key, s.Value = strings.ToLower(strings.TrimSpace(s.Key)), strings.TrimSpace(s.Value)
	s.Sub = strings.TrimSpace(s.Sub)
	switch {
	case s.Key == "" || strings.ContainsAny(s.Key, "=:") || strings.ContainsAny(s.Key[:1], "[#;"):
		return fmt.Errorf("%q cannot be the name of a setting", s.Key)
	case s.Sub != "" && (strings.Contains(s.Sub, "=") || strings.ContainsAny(s.Sub[:1], "#;")):
		return fmt.Errorf("%q cannot be the name of a setting", s.Sub)
	case s.Sub != "" && s.Value == "":
		return fmt.Errorf("the value of %q may not be empty", s.Key+"."+s.Sub)
	}
	for _, text := range []string{s.Key, s.Sub, s.Value} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("the value of %q may not hold line breaks or control characters", s.Key)
		}
	}
	return nil
}

// checkHeader refuses a section name that would not be read back as itself.
func checkHeader(name string) error {
	if name == "" || name != strings.TrimSpace(name) || strings.ContainsAny(name, "[]") || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("%q cannot be the name of a section", name)
	}
	return nil
}

// Set writes one setting into the section for which is true, or into a new
// section called name. All other lines stay as they are.
func (f *INI) Set(is func(section string) bool, name string, s Setting) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := checkHeader(name); err != nil {
		return err
	}
	sectionAt, optionAt := f.find(is, s.Key)
	switch {
	case sectionAt < 0:
		f.appendSection(name, s)
	case optionAt < 0:
		f.insertOption(sectionAt, s)
	case s.Sub == "":
		f.replaceOption(optionAt, s)
	default:
		f.setNested(optionAt, s)
	}
	return nil
}

// find returns the line of the first header that is meant and the line of the
// last option called key under any such header, because the last one counts; -1 for none.
func (f *INI) find(is func(string) bool, key string) (sectionAt, optionAt int) {
	sectionAt, optionAt = -1, -1
	inside := false
	for i, l := range f.lines {
		switch l.kind {
		case header:
			if inside = is(l.name); inside && sectionAt < 0 {
				sectionAt = i
			}
		case option:
			if inside && l.name == key {
				optionAt = i
			}
		}
	}
	return sectionAt, optionAt
}

func (f *INI) appendSection(name string, s Setting) {
	if n := len(f.lines); n > 0 && strings.TrimSpace(f.lines[n-1].text) != "" {
		f.insert(n, line{})
	}
	f.insert(len(f.lines), line{text: "[" + name + "]", kind: header, name: name})
	f.insertOption(len(f.lines)-1, s)
}

// insertOption writes a new option behind the last one under the header at line at.
func (f *INI) insertOption(at int, s Setting) {
	end, indent := at+1, f.indentAfter(at)
	for i := at + 1; i < len(f.lines) && f.lines[i].kind != header; i++ {
		if f.lines[i].kind == option || f.lines[i].kind == continuation {
			end = i + 1
		}
		if f.lines[i].kind == option {
			indent = leading(f.lines[i].text)
		}
	}
	f.insert(end, s.lines(indent)...)
}

// indentAfter is how the line after a header without options begins. A new
// option must not begin further to the left, or it would swallow that line.
func (f *INI) indentAfter(at int) string {
	for _, l := range f.lines[at+1:] {
		if l.kind != blank {
			return leading(l.text)
		}
	}
	return ""
}

// replaceOption writes s in place of the option at line at and of its continuation lines.
func (f *INI) replaceOption(at int, s Setting) {
	indent := leading(f.lines[at].text)
	for i := f.blockEnd(at) - 1; i > at; i-- {
		if f.lines[i].kind == continuation {
			f.lines = slices.Delete(f.lines, i, i+1)
		}
	}
	f.lines = slices.Delete(f.lines, at, at+1)
	f.insert(at, s.lines(indent)...)
}

// setNested writes one value into the block of the option at line at; a plain value there makes way for the block.
func (f *INI) setNested(at int, s Setting) {
	end := f.blockEnd(at)
	if f.lines[at].value != "" || end == at+1 {
		f.replaceOption(at, s)
		return
	}
	indent, last := "", -1
	for i := at + 1; i < end; i++ {
		if f.lines[i].kind != continuation {
			continue
		}
		if indent == "" {
			indent = leading(f.lines[i].text)
		}
		if name, _, ok := strings.Cut(f.lines[i].value, "="); ok && strings.TrimSpace(name) == s.Sub {
			last = i
		}
	}
	if last >= 0 {
		indent = leading(f.lines[last].text)
		f.lines = slices.Delete(f.lines, last, last+1)
		end = last
	}
	f.insert(end, s.nestedLine(indent))
}

// blockEnd is the line behind the last continuation of the option at line at.
func (f *INI) blockEnd(at int) int {
	end := at + 1
	for i := at + 1; i < len(f.lines) && (f.lines[i].kind == continuation || f.lines[i].kind == blank); i++ {
		if f.lines[i].kind == continuation {
			end = i + 1
		}
	}
	return end
}

// lines are what a setting looks like in the file, without line ends.
func (s Setting) lines(indent string) []line {
	if s.Sub == "" {
		return []line{{text: strings.TrimRight(indent+s.Key+" = "+s.Value, " "), kind: option, name: s.Key, value: s.Value}}
	}
	return []line{{text: indent + s.Key + " =", kind: option, name: s.Key}, s.nestedLine(indent + "    ")}
}

func (s Setting) nestedLine(indent string) line {
	return line{text: indent + s.Sub + " = " + s.Value, kind: continuation, value: s.Sub + " = " + s.Value}
}

// insert puts lines at position at, with the file's own line end.
func (f *INI) insert(at int, lines ...line) {
	end := "\n"
	if len(f.lines) > 0 && strings.HasSuffix(f.lines[0].text, "\r\n") {
		end = "\r\n"
	}
	if at > 0 && !strings.HasSuffix(f.lines[at-1].text, "\n") {
		f.lines[at-1].text += end
	}
	for i := range lines {
		lines[i].text += end
	}
	f.lines = slices.Insert(f.lines, at, lines...)
}

// leading is the white space in front of a line.
func leading(s string) string {
	s = strings.TrimPrefix(s, byteOrderMark)
	return s[:indentOf(s)]
}
