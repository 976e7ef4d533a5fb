package policy

import "iter"

// Value is one JSON value of a document as it is written, for those who show
// where in a text something is. What it means is Parse's business.
type Value struct{ n *node }

// ReadJSON reads a document as Parse does, but for its grammar. The error is
// always a *SyntaxError.
func ReadJSON(text string) (Value, error) {
	n, err := parseJSON(text)
	if err != nil {
		return Value{}, err
	}
	return Value{n}, nil
}

// Span returns the bytes from start to end that the value is written in.
func (v Value) Span() (start, end int) { return int(v.n.at.start), int(v.n.at.end) }

// NameSpan is Span of the name of a value that is an object's member.
func (v Value) NameSpan() (start, end int) { return int(v.n.nameAt.start), int(v.n.nameAt.end) }

// IsObject reports whether v has members.
func (v Value) IsObject() bool { return v.n.kind == jsonObject }

// IsArray reports whether v has items.
func (v Value) IsArray() bool { return v.n.kind == jsonArray }

// IsString reports whether v is a string.
func (v Value) IsString() bool { return v.n.kind == jsonString }

// IsScalar reports whether v is a string, a number or a boolean, which a
// condition may compare.
func (v Value) IsScalar() bool {
	return v.n.kind == jsonString || v.n.kind == jsonNumber || v.n.kind == jsonBool
}

// Text is a string's value, or a number or boolean as it is written.
func (v Value) Text() string { return v.n.text }

// Len counts items or members.
func (v Value) Len() int { return len(v.n.items) }

// Items are an array's elements or an object's members' values, in order.
func (v Value) Items() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for i := range v.n.items {
			if !yield(i, Value{&v.n.items[i]}) {
				return
			}
		}
	}
}

// Members are an object's members in order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i := range v.n.items {
			if !yield(v.n.items[i].name, Value{&v.n.items[i]}) {
				return
			}
		}
	}
}

// Locate turns an offset in bytes into a line from 1, and a column and an
// offset in characters from 0.
func Locate(text string, offset int) (line, column, characters int) {
	line = 1
	for i, r := range text {
		if i >= offset {
			break
		}
		characters++
		column++
		if r == '\n' {
			line, column = line+1, 0
		}
	}
	return line, column, characters
}

// Like reports whether text, whole, fits pattern, in which "*" is any run of
// characters and "?" one. Case counts.
func Like(pattern, text string) bool { return match(encodeWild(pattern), text) }

// LikeFold is Like without regard to the case of ASCII letters.
func LikeFold(pattern, text string) bool { return matchFold(encodeWild(lowerASCII(pattern)), text) }
