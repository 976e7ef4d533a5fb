package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/secret"
)

const (
	tokenVersion = 1
	tokenContext = "sojourn/sts/1\x00"
	flagDeflated = 1

	headerSize = 2 + len(keyID{})
	boxAt      = headerSize + nonceSize

	// maxToken is what common proxies still pass in a Git user name, with room to spare.
	maxToken   = 4096
	maxSession = 36 * time.Hour // AWS's longest, of GetSessionToken

	sessionPrefix = "ASIA"
)

// tokenEncoding refuses bits behind the last byte, so that a token has one spelling.
var tokenEncoding = base64.RawURLEncoding.Strict()

// Issued are the credentials of a new session.
type Issued struct {
	AccessKeyID string
	Secret      secret.String
	Token       string
	Expires     time.Time // whole seconds
	// PackedPercent says how much of the longest possible token this one takes.
	PackedPercent int
}

// Format leaves out the secret and the token.
func (i Issued) Format(s fmt.State, _ rune) {
	io.WriteString(s, i.AccessKeyID+" until "+i.Expires.Format(time.RFC3339)+" "+redacted)
}

// LogValue leaves out the secret and the token.
func (i Issued) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }

// Issue makes credentials for a session from now until s.Expires, at most 36
// hours; s.Issued is ignored. Times are cut to whole seconds. The error is
// PackedPolicyTooLarge when policies, tags and names do not fit into a token.
func (k *Keyring) Issue(s principal.Session, now time.Time) (Issued, error) {
	s.Issued = now
	if err := issuable(&s); err != nil {
		return Issued{}, err
	}
	data, deflated, err := encodeClaims(claimsOf(&s))
	if err != nil {
		return Issued{}, fmt.Errorf("encoding a session: %w", err)
	}
	ring := k.ring.Load()
	id := newKeyID(ring.current, dayOf(now))
	e, ok := ring.epoch(id, now)
	if !ok {
		return Issued{}, errors.New("issuing a session: the clock is before the keyring's sessions_since")
	}
	akid := NewAccessKeyID(sessionPrefix, s.Account)
	header := append(make([]byte, 0, boxAt+len(data)+tagSize), tokenVersion, 0)
	if deflated {
		header[1] = flagDeflated
	}
	header = append(header, id[:]...)
	nonce := newNonce()
	token := tokenEncoding.EncodeToString(e.seal.seal(append(header, nonce...), nonce, data, tokenAD(header, akid)))
	percent := (len(token)*100 + maxToken - 1) / maxToken
	if len(token) > maxToken {
		return Issued{}, awserr.New("PackedPolicyTooLarge", http.StatusBadRequest,
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)
	}
	return Issued{AccessKeyID: akid, Secret: e.secretKey(akid, nonce), Token: token,
		Expires: time.Unix(s.Expires.Unix(), 0).UTC(), PackedPercent: percent}, nil
}

func issuable(s *principal.Session) error {
	switch lifetime := s.Expires.Sub(s.Issued); {
	case kinds[s.Kind] == 0:
		return fmt.Errorf("issuing a session: kind %d has none", s.Kind)
	case !arn.IsAccount(s.Account):
		return fmt.Errorf("issuing a session: account %q is not 12 digits", s.Account)
	case s.Expires.Unix() <= s.Issued.Unix() || lifetime > maxSession:
		return fmt.Errorf("issuing a session: it may not last %v", lifetime)
	}
	return nil
}

// Open verifies that the token belongs to the access key id and returns the
// session and its secret access key. The error is awserr's InvalidToken, which
// does not tell its caller why, or Expired once now has reached the end.
func (k *Keyring) Open(accessKeyID, token string, now time.Time) (principal.Session, secret.String, error) {
	s, key, err := k.open(accessKeyID, token, now)
	if err != nil {
		invalid := awserr.InvalidToken()
		invalid.Cause = err
		return principal.Session{}, secret.String{}, invalid
	}
	if !now.Before(s.Expires) {
		return principal.Session{}, secret.String{}, awserr.Expired()
	}
	return s, key, nil
}

func (k *Keyring) open(akid, token string, now time.Time) (s principal.Session, key secret.String, err error) {
	account, ok := AccountOf(akid)
	if !ok || !strings.HasPrefix(akid, sessionPrefix) {
		return s, key, errors.New("not an access key id of a session of ours")
	}
	raw, err := decodeToken(token)
	if err != nil {
		return s, key, err
	}
	e, ok := k.ring.Load().epoch(keyID(raw[2:headerSize]), now)
	if !ok {
		return s, key, errors.New("a session token of a root key or a day that is not accepted")
	}
	nonce := raw[headerSize:boxAt]
	data, err := e.seal.open(nil, nonce, raw[boxAt:], tokenAD(raw[:headerSize], akid))
	if err != nil {
		return s, key, errors.New("a session token that was not sealed here, or not for this access key id")
	}
	c, err := decodeClaims(data, raw[1]&flagDeflated != 0)
	if err != nil {
		return s, key, fmt.Errorf("a session token with %w", err)
	}
	if s, err = c.session(); err != nil || s.Account != account {
		return principal.Session{}, key, errors.New("a session token with claims that no session has")
	}
	return s, e.secretKey(akid, nonce), nil
}

// decodeToken checks the form of a token and returns its bytes.
func decodeToken(token string) ([]byte, error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // Go's decoder skips line breaks
		return nil, errors.New("not of the form of a session token")
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil || len(raw) <= boxAt+tagSize || raw[0] != tokenVersion || raw[1]&^flagDeflated != 0 {
		return nil, errors.New("not of the form of a session token") // the decoder's error would quote it
	}
	return raw, nil
}

func tokenAD(header []byte, akid string) []byte {
	b := append(make([]byte, 0, len(tokenContext)+headerSize+accessKeyIDSize), tokenContext...)
	b = append(b, header[:headerSize]...)
	return append(b, akid...)
}

func (e *epoch) secretKey(akid string, nonce []byte) secret.String {
	h := hmac.New(sha256.New, e.secret)
	io.WriteString(h, akid)
	h.Write(nonce)
	return secret.New(base64.StdEncoding.EncodeToString(h.Sum(nil)[:30]))
}
