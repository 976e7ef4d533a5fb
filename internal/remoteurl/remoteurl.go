// Package remoteurl reads the URLs of the codecommit remote helper:
//
//	codecommit://[PROFILE@]REPOSITORY
//	codecommit::REGION://[PROFILE@]REPOSITORY
//
// It splits by hand, because net/url refuses or decodes legal profile names.
// Nothing is percent-decoded. It does not know which profiles, regions or
// repositories exist, and it does not judge a repository's name: the server does.
package remoteurl

import "strings"

// Scheme is the scheme of a URL that names no region.
const Scheme = "codecommit"

// URL is one parsed remote URL.
type URL struct {
	Raw        string // as given, for messages
	Scheme     string // lower case: Scheme, or a region
	Profile    string
	HasProfile bool // an "@" was there; the profile before it may still be empty
	Repository string
}

// FormatError is the official helper's refusal of a URL.
type FormatError struct{ URL string }

func (e *FormatError) Error() string {
	return "The following URL is malformed: " + e.URL + ". A URL must be in one of the two following formats: " +
		"codecommit://<profile>@<repository> or codecommit::<region>://<profile>@<repository>"
}

// Parse splits a URL as git hands it to the helper, that is without "codecommit::".
// Its only refusal is a URL without a scheme or without anything behind "//".
func Parse(raw string) (URL, error) {
	u := URL{Raw: raw}
	scheme, rest, ok := cutScheme(clean(raw))
	if !ok || !strings.HasPrefix(rest, "//") {
		return u, &FormatError{raw}
	}
	authority := rest[2:]
	if i := strings.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	if authority == "" || strings.Contains(authority, "[") != strings.Contains(authority, "]") {
		return u, &FormatError{raw}
	}
	u.Scheme, u.Repository = strings.ToLower(scheme), authority
	// The last "@": a repository's name holds none, a profile's may ("role@account").
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		u.Profile, u.Repository, u.HasProfile = authority[:i], authority[i+1:], true
	}
	return u, nil
}

// ParseRemote splits a URL as a user writes it in git's place: "codecommit::" is allowed in front.
func ParseRemote(raw string) (URL, error) {
	trimmed := clean(raw)
	if len(trimmed) > len(Scheme)+2 && strings.EqualFold(trimmed[:len(Scheme)+2], Scheme+"::") {
		u, err := Parse(trimmed[len(Scheme)+2:])
		u.Raw = raw
		if err != nil {
			return u, &FormatError{raw}
		}
		return u, nil
	}
	return Parse(raw)
}

// Region returns the region that the scheme names, or "" for Scheme itself.
// anyName accepts what cannot be a region of AWS ("home-lab"): a server of one's own has its own names.
func (u URL) Region(anyName bool) (string, error) {
	switch {
	case u.Scheme == Scheme:
		return "", nil
	case looksLikeRegion(u.Scheme):
		return u.Scheme, nil
	case anyName && strings.Contains(u.Scheme, "-"):
		return u.Scheme, nil
	}
	return "", &FormatError{u.Raw}
}

// looksLikeRegion is the official helper's test: two letters and a hyphen in front, a hyphen and a digit somewhere behind.
func looksLikeRegion(s string) bool {
	if len(s) < 5 || !isLetter(s[0]) || !isLetter(s[1]) || s[2] != '-' {
		return false
	}
	for i := 3; i+1 < len(s); i++ {
		if s[i] == '-' && isDigit(s[i+1]) {
			return true
		}
	}
	return false
}

// clean drops what a URL cannot hold and a copied one often does: blanks and
// control characters in front, tabs and line ends anywhere.
func clean(s string) string {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' })
	if !strings.ContainsAny(s, "\t\r\n") {
		return s
	}
	return strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
}

// cutScheme splits at the first colon if what is before it is a scheme as RFC 3986, section 3.1 has it.
func cutScheme(s string) (scheme, rest string, ok bool) {
	i := strings.IndexByte(s, ':')
	if i <= 0 || !isLetter(s[0]) {
		return "", "", false
	}
	for j := range i {
		if c := s[j]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return "", "", false
		}
	}
	return s[:i], s[i+1:], true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
