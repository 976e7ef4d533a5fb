// Package secretscan knows the secrets that went about in a test process and
// looks for them where none may be: logs, traces, audit records, error texts,
// arguments of processes, files that others may read.
//
// A secret is known by short pieces of it, raw and in the encodings that text
// passes through, so that one that is cut off or quoted is found too. Secrets
// may become known after what holds them was looked at: text that is kept short
// (arguments, error texts) is looked at again at the end.
//
// Package sojourntest tells it of what its servers take and give; tests tell it
// of what they make up themselves.
package secretscan

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// piece is the length of what a secret is known by.
const piece = 16

// shortest is the length of a secret below which only codes are looked for.
const shortest = 8

// Scanner knows secrets and keeps what it found. It is safe for concurrent use.
type Scanner struct {
	mu     sync.Mutex
	seed   maphash.Seed
	pieces map[uint64]string   // a piece's hash, and the class of its secret
	short  map[string]string   // secrets shorter than a piece
	codes  map[string]bool     // of six digits
	known  map[uint64]struct{} // whole secrets
	later  map[string]string   // text to be looked at again, and where it stood
	found  map[string]struct{}
	looked int64 // bytes
	places map[string]int
}

// New makes a scanner that knows nothing.
func New() *Scanner {
	return &Scanner{seed: maphash.MakeSeed(), pieces: map[uint64]string{}, short: map[string]string{}, codes: map[string]bool{},
		known: map[uint64]struct{}{}, later: map[string]string{}, found: map[string]struct{}{}, places: map[string]int{}}
}

var code = regexp.MustCompile(`^[0-9]{6}$`)

// Know adds a secret of a class, such as "session token". What is too short or
// too plain to be told from other text is left out; a code of six digits is none
// of that.
func (s *Scanner) Know(class, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if body := armor.ReplaceAllString(secret, ""); body != secret {
		secret = body[len(body)/3:] // before it stands the algorithm, and RSA's modulus, which is public
	}
	h := maphash.String(s.seed, secret)
	if _, ok := s.known[h]; ok {
		return
	}
	s.known[h] = struct{}{}
	switch {
	case code.MatchString(secret):
		s.codes[secret] = true
	case len(secret) < shortest:
	case len(secret) < piece:
		for _, form := range forms(secret) {
			s.short[form] = class
		}
	default:
		for _, form := range forms(secret) {
			s.add(class, form)
		}
	}
}

// armor is what every key in PEM begins and ends with.
var armor = regexp.MustCompile(`-----(?:BEGIN|END) [A-Z0-9 ]+-----\s*`)

// KnowEncoded adds what a text in base 64 stands for.
func (s *Scanner) KnowEncoded(class, text string) {
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if plain, err := e.DecodeString(text); err == nil && len(plain) >= piece {
			s.Know(class, string(plain))
			return
		}
	}
}

// add keeps pieces of one form: at its beginning, and then every so often.
func (s *Scanner) add(class, form string) {
	const most, stride = 64, 24
	for at, n := 0, 0; at+piece <= len(form) && n < most; at, n = at+stride, n+1 {
		if p := form[at : at+piece]; !plain(p) {
			s.pieces[maphash.String(s.seed, p)] = class
		}
	}
	if len(form) >= piece && !plain(form[len(form)-piece:]) {
		s.pieces[maphash.String(s.seed, form[len(form)-piece:])] = class
	}
}

// plain reports whether a piece repeats few characters, as what tests make up does.
func plain(p string) bool {
	var seen [256]bool
	n := 0
	for i := range len(p) {
		if !seen[p[i]] {
			seen[p[i]] = true
			n++
		}
	}
	return n < 7
}

// forms are a secret as it is, and as text that holds it may have it.
func forms(secret string) []string {
	raw := []byte(secret)
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		base32.StdEncoding.EncodeToString(raw), strings.Trim(fmt.Sprintf("%q", secret), `"`), strings.ReplaceAll(secret, "/", `\/`),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "+", "&#43;").Replace(secret), strings.ReplaceAll(url.QueryEscape(secret), "%", "%25")}
	for shift := range 3 { // in base 64 a text looks in three ways, by where in the whole it begins
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), raw...))
		first := (shift*8 + 5) / 6
		last := (shift + len(raw)) * 8 / 6
		if first < last {
			all = append(all, text[first:last], strings.NewReplacer("+", "-", "/", "_").Replace(text[first:last]), url.QueryEscape(text[first:last]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Look looks for secrets in text, and keeps what it finds under where it stood.
func (s *Scanner) Look(where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(where, text)
}

func (s *Scanner) look(where, text string) {
	s.looked += int64(len(text))
	kind, _, _ := strings.Cut(where, ":")
	s.places[kind]++
	for _, class := range s.in(text) {
		s.found[class+" in "+where] = struct{}{}
	}
}

// Keep is Look, and once more at the end, with the secrets that are known then.
func (s *Scanner) Keep(where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.later[text]; !ok {
		s.later[text] = where
		s.look(where, text)
	}
}

// In returns the classes of the secrets that text holds.
func (s *Scanner) In(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in(text)
}

// shapes are how secrets look that nobody has told of: those of a server that
// runs in a process of its own.
var shapes = map[string]*regexp.Regexp{
	"some Git password":       regexp.MustCompile(`20[0-9]{6}T[0-9]{6}Z[0-9a-f]{64}`),
	"some Git user's session": regexp.MustCompile(`(?:AKIA|ASIA)[A-Z2-7]{16}%(?:25)?[A-Za-z0-9_-]{40}`),
	"some signature":          regexp.MustCompile(`(?i)\bSignature=[0-9a-f]{64}`),
	"some identity's token":   regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{40}`),
	"some private key":        regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----`),
}

func (s *Scanner) in(text string) (classes []string) {
	for at := 0; at+piece <= len(text); at++ {
		if class, ok := s.pieces[maphash.String(s.seed, text[at:at+piece])]; ok {
			classes = append(classes, class)
			at += piece
		}
	}
	for short, class := range s.short {
		if strings.Contains(text, short) {
			classes = append(classes, class)
		}
	}
	if s.hasCode(text) {
		classes = append(classes, "MFA code")
	}
	for class, looks := range shapes {
		if looks.MatchString(text) {
			classes = append(classes, class)
		}
	}
	slices.Sort(classes)
	return slices.Compact(classes)
}

// digits are six that stand alone: not a number in JSON, nor a part of a time.
var digits = regexp.MustCompile(`(?:^|[^0-9A-Za-z.:+-])([0-9]{6})(?:$|[^0-9A-Za-z.:-])`)

func (s *Scanner) hasCode(text string) bool {
	for _, m := range digits.FindAllStringSubmatch(text, -1) {
		if s.codes[m[1]] {
			return true
		}
	}
	return false
}

// Add notes a finding of another kind, such as a file's mode.
func (s *Scanner) Add(finding string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[finding] = struct{}{}
}

// Report looks again at what was kept, and returns what was found and what was
// looked at, in one line.
func (s *Scanner) Report() (found []string, summary string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, where := range s.later {
		s.look(where, text)
	}
	for f := range s.found {
		found = append(found, f)
	}
	slices.Sort(found)
	var places []string
	for p, n := range s.places {
		places = append(places, fmt.Sprint(n, " ", p))
	}
	slices.Sort(places)
	return found, fmt.Sprintf("%d secrets known; %d KiB looked at (%s); %d found", len(s.known), s.looked>>10, strings.Join(places, ", "), len(found))
}
