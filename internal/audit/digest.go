package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Files of the log beside its records.
const (
	digestFile = "digests.jsonl" // signed digests, one a line, each with the hash of the one before
	headFile   = "head.json"     // the newest state, signed, replaced each second in which there was a record
)

// Kinds of digests.
const (
	kindHour      = "hour"      // an hour has begun
	kindRotation  = "rotation"  // file is complete; another begins
	kindClose     = "close"     // nobody writes any more
	kindLeave     = "leave"     // one of several writers has ended
	kindRetention = "retention" // records up to sequence are about to be removed
	kindMissing   = "missing"   // records up to sequence had been signed, and are not there any more
	kindHead      = "head"      // of headFile: the log goes on
)

// digest says: the record numbered Seq has the hash Hash, and ends at the byte
// Bytes of File. By the chain that holds for all records before it.
type digest struct {
	Version  int    `json:"version"` // 1
	Number   int    `json:"digest"`  // counted from 1; of a head the number of the last digest
	Kind     string `json:"kind"`
	Time     string `json:"time"` // RFC 3339, UTC
	File     string `json:"file"`
	Seq      uint64 `json:"sequence"`
	Hash     string `json:"hash"`
	Bytes    int64  `json:"bytes"`
	Boot     string `json:"boot,omitempty"` // of the machine, in heads
	Previous string `json:"previousDigest"` // SHA-256 of the line of the digest before
	Key      string `json:"key"`            // which key has signed
}

const digestVersion = 1

const signatureBegin = `,"signature":"`

var signatureEncoding = base64.StdEncoding.Strict()

// sign is the digest's line: its JSON, and as the last member the Ed25519
// signature of all that stands before it.
func (d digest) sign(s *signer) ([]byte, error) {
	d.Version, d.Key = digestVersion, s.id
	b, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("signing a digest: %w", err)
	}
	b = b[:len(b)-1]
	sig := ed25519.Sign(s.key, b)
	b = append(b, signatureBegin...)
	b = signatureEncoding.AppendEncode(b, sig)
	return append(b, "\"}\n"...), nil
}

// parseDigest reads a line and verifies its signature. With keys nil it is not
// verified: for whoever wrote it.
func parseDigest(line []byte, keys PublicKeys) (d digest, err error) {
	at := bytes.LastIndex(line, []byte(signatureBegin))
	if at < 0 {
		return d, errors.New("it is no digest")
	}
	rest, ok := bytes.CutSuffix(line[at+len(signatureBegin):], []byte("\"}\n"))
	sig, err := signatureEncoding.DecodeString(string(rest))
	if !ok || err != nil || len(sig) != ed25519.SignatureSize {
		return d, errors.New("its signature is malformed")
	}
	signed := line[:at]
	if err := json.Unmarshal(append(bytes.Clone(signed), '}'), &d); err != nil {
		return d, errors.New("it is no digest")
	}
	if again, err := json.Marshal(d); err != nil || !bytes.Equal(again[:len(again)-1], signed) {
		return d, errors.New("it is not in the form of a digest")
	}
	if keys == nil {
		return d, d.check()
	}
	key, ok := keys[d.Key]
	if !ok {
		return d, fmt.Errorf("it is signed with the key %q, which is not one of the log's", d.Key)
	}
	if !ed25519.Verify(key, signed, sig) {
		return d, errors.New("its signature does not match: it was changed, or made by somebody else")
	}
	return d, d.check()
}

func (d *digest) check() error {
	if d.Version != digestVersion {
		return fmt.Errorf("its version is %d, this program knows %d", d.Version, digestVersion)
	}
	if _, ok := parseHash([]byte(d.Hash)); !ok {
		return errors.New("its hash is malformed")
	}
	if _, ok := parseHash([]byte(d.Previous)); !ok {
		return errors.New("its previousDigest is malformed")
	}
	if _, err := time.Parse(time.RFC3339, d.Time); err != nil {
		return errors.New("its time is malformed")
	}
	if _, ok := parseSegment(d.File); !ok || d.Seq == 0 || d.Number < 0 || d.Bytes <= 0 {
		return errors.New("it is not in the form of a digest")
	}
	return nil
}

// hashOf is the hash of a digest's line or of a record's.
func hashOf(line []byte) hash { return sha256.Sum256(line) }
