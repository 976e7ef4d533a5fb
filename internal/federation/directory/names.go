package directory

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sojourn/internal/secret"
)

const (
	maxName     = 256  // characters
	maxPassword = 1024 // bytes
)

// checkName returns a typed name as it is sent to the directory. Letters, marks,
// digits and the punctuation of names and addresses may be in it: nothing that
// has a meaning in a filter or a DN, and nothing that cannot be seen.
func checkName(name string) (string, error) {
	if len(name) > maxName*utf8.UTFMax || !utf8.ValidString(name) {
		return "", refused("the name is not one")
	}
	name = norm.NFC.String(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || strings.TrimSpace(name) == "" {
		return "", refused("the name is not one")
	}
	for _, r := range name {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Zs) && !strings.ContainsRune(`._@\-+'`, r) {
			return "", refused("the name has characters that names may not have")
		}
	}
	return name, nil
}

// checkPassword refuses what some directories take for no password at all, and
// then let in anybody.
func checkPassword(p secret.String) error {
	text := p.Reveal()
	switch {
	case text == "":
		return refused("the password is empty")
	case len(text) > maxPassword:
		return refused("the password is too long")
	case strings.ContainsRune(text, 0):
		return refused("the password has a NUL in it")
	}
	return nil
}

// fold is how a name that nobody has is remembered: as directories compare names.
func fold(name string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(name))), " ")
}

// maxSeen bounds each of the two generations of names.
const maxSeen = 4096

// names remembers whom typed names have meant.
type names struct {
	mu       sync.Mutex
	now, old map[string]string
}

func newNames() *names { return &names{now: map[string]string{}} }

// identity is whom a name meant when it was last looked up, or one for names
// that nobody has.
func (n *names) identity(directory, name string) string {
	key := directory + "/" + name
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, ok := n.now[key]; ok {
		return id
	}
	if id, ok := n.old[key]; ok {
		return id
	}
	return nobody(name)
}

func nobody(name string) string { return "?" + fold(name) }

func (n *names) learn(directory, name, identity string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.now) >= maxSeen {
		n.now, n.old = map[string]string{}, n.now
	}
	n.now[directory+"/"+name] = identity
}
