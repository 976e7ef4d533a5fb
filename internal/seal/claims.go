package seal

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"sojourn/internal/arn"
	"sojourn/internal/principal"
)

const (
	deflateAbove = 160      // a plain role session stays below and opens faster; a federated one must not exceed 300 characters
	maxClaims    = 64 << 10 // of inflated claims
)

// claims is a session as the token carries it. The numbers are the format.
type claims struct {
	Kind        uint8               `cbor:"1,keyasint"`
	Account     string              `cbor:"2,keyasint"`
	ID          string              `cbor:"3,keyasint,omitempty"`
	Principal   string              `cbor:"4,keyasint,omitempty"` // path and name in one
	SessionName string              `cbor:"5,keyasint,omitempty"`
	Issued      int64               `cbor:"6,keyasint"` // Unix seconds
	Expires     int64               `cbor:"7,keyasint"`
	Policy      string              `cbor:"8,keyasint,omitempty"`
	PolicyARNs  []string            `cbor:"9,keyasint,omitempty"`
	Tags        map[string]string   `cbor:"10,keyasint,omitempty"`
	Transitive  []string            `cbor:"11,keyasint,omitempty"`
	SourceIdent string              `cbor:"12,keyasint,omitempty"`
	Provider    string              `cbor:"13,keyasint,omitempty"`
	MFA         int64               `cbor:"14,keyasint,omitempty"`
	Chained     bool                `cbor:"15,keyasint,omitempty"`
	Claims      map[string][]string `cbor:"16,keyasint,omitempty"`
}

// kinds gives the numbers of Kind, which must never change their meaning.
var kinds = map[principal.Kind]uint8{principal.Root: 1, principal.User: 2, principal.AssumedRole: 3, principal.Federated: 4}

var (
	encoding = must(cbor.CTAP2EncOptions().EncMode())
	decoding = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   8,
		MaxArrayElements:  4096,
		MaxMapPairs:       4096,
		UTF8:              cbor.UTF8RejectInvalid,
	}.DecMode())
)

func must[T any](mode T, err error) T {
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return mode
}

func claimsOf(s *principal.Session) *claims {
	c := &claims{
		Kind: kinds[s.Kind], Account: s.Account, ID: s.ID, Principal: s.Path + s.Name, SessionName: s.SessionName,
		Issued: s.Issued.Unix(), Expires: s.Expires.Unix(), Policy: s.SessionPolicy, PolicyARNs: s.PolicyARNs,
		Tags: s.Tags, Transitive: s.TransitiveTag, SourceIdent: s.SourceIdent, Provider: s.Provider,
		Chained: s.Chained, Claims: s.Claims,
	}
	if !s.MFA.IsZero() {
		c.MFA = s.MFA.Unix()
	}
	return c
}

// session is claimsOf backwards.
func (c *claims) session() (principal.Session, error) {
	slash := strings.LastIndexByte(c.Principal, '/') + 1
	s := principal.Session{
		Account: c.Account, ID: c.ID, Path: c.Principal[:slash], Name: c.Principal[slash:], SessionName: c.SessionName,
		Issued: time.Unix(c.Issued, 0).UTC(), Expires: time.Unix(c.Expires, 0).UTC(), SessionPolicy: c.Policy, PolicyARNs: c.PolicyARNs,
		Tags: c.Tags, TransitiveTag: c.Transitive, SourceIdent: c.SourceIdent, Provider: c.Provider,
		Chained: c.Chained, Claims: c.Claims,
	}
	if c.MFA != 0 {
		s.MFA = time.Unix(c.MFA, 0).UTC()
	}
	for kind, number := range kinds {
		if number == c.Kind {
			s.Kind = kind
		}
	}
	if s.Kind == principal.Anonymous || !arn.IsAccount(s.Account) || c.Expires <= c.Issued {
		return principal.Session{}, errors.New("claims that no session has")
	}
	return s, nil
}

// encodeClaims returns the claims, and whether they are deflated.
func encodeClaims(c *claims) (data []byte, deflated bool, err error) {
	data, err = encoding.Marshal(c)
	if err != nil || len(data) <= deflateAbove {
		return data, false, err
	}
	if short := deflate(data); len(short) < len(data) {
		return short, true, nil
	}
	return data, false, nil
}

func decodeClaims(data []byte, deflated bool) (*claims, error) {
	if deflated {
		var err error
		if data, err = inflate(data); err != nil {
			return nil, err
		}
	}
	var c claims
	if err := decoding.Unmarshal(data, &c); err != nil {
		return nil, errors.New("claims that are not strict CBOR")
	}
	return &c, nil
}

var (
	deflaters = sync.Pool{New: func() any { return must(flate.NewWriter(nil, flate.BestCompression)) }}
	inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}
)

func deflate(data []byte) []byte {
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	w.Write(data) // a Buffer takes everything
	w.Close()
	return out.Bytes()
}

// inflate is deflate backwards: all of data, and no more than maxClaims out of it.
func inflate(data []byte) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	in := bytes.NewReader(data)
	if err := r.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxClaims+1))
	if err != nil || len(out) > maxClaims || in.Len() > 0 {
		return nil, errors.New("claims that do not inflate")
	}
	return out, nil
}
