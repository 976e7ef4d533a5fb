// Package audit writes the record of every decision: who asked for what, from
// where, and what was answered. The gate records before the act is done; a
// record that cannot be written refuses the act.
//
// The log is one JSON object a line in DIR/YYYY-MM-DD.jsonl (UTC, file mode
// 0600), with CloudTrail's field names where CloudTrail has the field. A record
// is in the operating system's hands when Record returns; it is on the disk
// within SyncEvery.
//
// It does not decide anything, and it holds no secret: a record has an access
// key id, never a token or a signature.
package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// SyncEvery is how long a record may wait for the disk.
const SyncEvery = time.Second

// Record is one decision.
type Record struct {
	EventID     string    `json:"eventID"` // unique; the request's id and a number
	EventTime   time.Time `json:"eventTime"`
	EventSource string    `json:"eventSource"` // codecommit.amazonaws.com
	EventName   string    `json:"eventName"`   // GetRepository
	Region      string    `json:"awsRegion"`
	SourceIP    string    `json:"sourceIPAddress,omitempty"`
	UserAgent   string    `json:"userAgent,omitempty"`
	RequestID   string    `json:"requestID"`
	Identity    Identity  `json:"userIdentity"`
	Resource    string    `json:"resource"`
	Account     string    `json:"recipientAccountId"`

	Params map[string]string `json:"requestParameters,omitempty"`

	Decision string `json:"decision"` // Allow or Deny
	Reason   string `json:"reason,omitempty"`
	// PolicyType is the kind of policy that decided, or that would have had to
	// allow: identity, session, boundary, resource, trust; service for a rule of
	// the service itself. Policy, Statement (counted from 1) and Sid are the
	// statement that decided, and absent where none did.
	PolicyType string `json:"policyType,omitempty"`
	Policy     string `json:"policy,omitempty"`
	Statement  int    `json:"statement,omitempty"`
	Sid        string `json:"sid,omitempty"`
}

// Identity is CloudTrail's userIdentity, as far as we know it.
type Identity struct {
	Type        string     `json:"type"`
	PrincipalID string     `json:"principalId,omitempty"`
	ARN         string     `json:"arn,omitempty"`
	Account     string     `json:"accountId,omitempty"`
	AccessKeyID string     `json:"accessKeyId,omitempty"`
	Provider    string     `json:"identityProvider,omitempty"`
	SourceIdent string     `json:"sourceIdentity,omitempty"`
	Issued      *time.Time `json:"sessionCreationDate,omitempty"`
}

// Recorder takes records.
type Recorder interface {
	Record(Record) error
}

// Log is the Recorder that writes files.
type Log struct {
	dir string

	mu   sync.Mutex
	open *group // takes lines; nil between groups

	writing sync.Mutex // held to write, and for what follows
	file    *os.File
	day     string
	torn    bool // the last write stopped in the middle of a line
	dirty   bool

	stop chan struct{}
	done chan struct{}
}

// Open makes dir (mode 0700) where it is not there and starts the log.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	l := &Log{dir: dir, stop: make(chan struct{}), done: make(chan struct{})}
	go l.syncLoop()
	return l, nil
}

// Record appends one line, in one write with those of others who record at the
// same time. Several processes may write to one log: a group of lines is one
// write. A line cut short by a full disk is closed before the next one, so that
// it spoils no other.
func (l *Log) Record(r Record) error {
	line, err := encode(&r)
	if err != nil {
		return err
	}
	g, first := l.join(r.EventTime.UTC().Format(time.DateOnly), line)
	if first {
		l.write(g)
	}
	<-g.done
	return g.err
}

func (l *Log) append(day string, lines []byte) error {
	if err := l.openDay(day); err != nil {
		return err
	}
	if l.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := l.file.Write(lines)
	if err != nil {
		l.torn = l.torn || n > 0
		return fmt.Errorf("writing the audit log: %w", err)
	}
	l.torn, l.dirty = false, true
	return nil
}

func (l *Log) openDay(day string) error {
	if l.file != nil && l.day == day {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(l.dir, day+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	if err := l.closeFile(); err != nil {
		f.Close()
		return fmt.Errorf("closing yesterday's audit log: %w", err)
	}
	l.file, l.day = f, day
	return nil
}

func (l *Log) closeFile() error {
	if l.file == nil {
		return nil
	}
	err := errors.Join(l.file.Sync(), l.file.Close())
	l.file, l.dirty, l.torn = nil, false, false
	return err
}

func (l *Log) syncLoop() {
	defer close(l.done)
	tick := time.NewTicker(SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.sync()
		}
	}
}

// sync flushes outside the lock, so that a slow disk does not hold up records.
func (l *Log) sync() {
	l.writing.Lock()
	f, dirty := l.file, l.dirty
	l.dirty = false
	l.writing.Unlock()
	if f != nil && dirty {
		f.Sync() // an error shows again at the next write
	}
}

// Close flushes and ends the log.
func (l *Log) Close() error {
	close(l.stop)
	<-l.done
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.closeFile()
}
