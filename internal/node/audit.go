package node

import (
	"context"
	"log/slog"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
	"sojourn/internal/seal"
	"sojourn/internal/server/metrics"
)

// Audit is how the record of what happens is kept.
type Audit struct {
	Mode      string // normal, strict or lenient; "" is normal
	FileSize  int    // MiB after which another file is begun; 0 is 256
	Retention int    // days for which files are kept; 0 is for ever
	Unknown   string // what happens to sessions that the log has not issued: report or refuse; "" is report
}

var auditModes = map[string]audit.Mode{"": audit.Normal, "normal": audit.Normal, "strict": audit.Strict, "lenient": audit.Lenient}

func (a *Audit) check(bad func(format string, args ...any)) {
	if _, ok := auditModes[a.Mode]; !ok {
		bad("audit-mode %q: want normal, strict or lenient", a.Mode)
	}
	if a.FileSize < 0 || a.FileSize > 1<<20 {
		bad("audit-file-size %d: want 1 to %d MiB", a.FileSize, 1<<20)
	}
	if a.Retention < 0 || a.Retention > 36500 {
		bad("audit-retention %d: want a number of days, or 0 to keep all", a.Retention)
	}
	if a.Unknown != "" && a.Unknown != "report" && a.Unknown != "refuse" {
		bad("audit-unknown-sessions %q: want report or refuse", a.Unknown)
	}
}

// AuditDir is where the log of a data directory is.
func AuditDir(data string) string { return dataDir(data).audit() }

// AuditCheck is what a log is verified against: of a data directory its own keys
// and the head that is kept among them, of a copy the keys in a file.
func AuditCheck(data, dir, keyFile string) (c audit.Check, err error) {
	c.Dir = dir
	if data == "" || keyFile != "" {
		c.Keys, err = audit.ReadPublicKeys(keyFile)
		return c, err
	}
	if c.Keys, err = audit.ReadPublicKeys(dataDir(data).keys()); err == nil {
		c.Known, err = audit.ReadKnown(dataDir(data).keys())
	}
	return c, err
}

// openAudit opens the log as the configuration says.
func (n *Node) openAudit(d dataDir, now func() time.Time) (*audit.Log, error) {
	a := n.cfg.Audit
	log, err := audit.OpenWith(audit.Options{Dir: d.audit(), Keys: d.keys(), Now: now, Mode: auditModes[a.Mode],
		Bytes: int64(a.FileSize) << 20, Retain: time.Duration(a.Retention) * 24 * time.Hour,
		Signed: func(seq uint64, hash string) {
			n.log.Info("audit digest", slog.Uint64("record", seq), slog.String("hash", hash))
		},
		Report: func(text string, err error) { n.log.Error(text, slog.Any("error", err)) }})
	if err != nil {
		return nil, err
	}
	n.onClose(log.Close)
	go func() {
		if err := log.Issued().Load(context.Background()); err != nil {
			n.log.Error("the audit log can't be read for what it has issued", slog.Any("error", err))
		}
	}()
	return log, nil
}

// issuedCheck is nil where other nodes issue sessions too, whose records are theirs.
func (p parts) issuedCheck() func(context.Context, string, *principal.Session) error {
	if p.cfg.place().shared() {
		return nil
	}
	return p.issued
}

// issued raises the alarm for a session that no record of an issue is of: its
// token is sealed with our root key, and not by us.
func (p parts) issued(ctx context.Context, key string, s *principal.Session) error {
	known, err := p.audit.Issued().Knows(ctx, key, s.Issued, s.Expires)
	if err != nil || known {
		return err
	}
	refuse := p.cfg.Audit.Unknown == "refuse"
	p.log.Error("a session was not issued by this log: the root key may be stolen", slog.String("access_key_id", key), slog.String("session", s.ARN()),
		slog.Time("issued", s.Issued), slog.Bool("refused", refuse))
	r := audit.Record{Service: true, EventID: seal.NewID("ALRM"), EventTime: p.now().UTC(), EventSource: "sojourn.audit", EventName: "SessionWithoutIssue",
		Region: p.cfg.Region, Resource: s.PrincipalARN(), Account: s.Account, Decision: "Allow",
		Identity: audit.Identity{Type: s.Type(), PrincipalID: s.UserID(), ARN: s.ARN(), Account: s.Account, AccessKeyID: key, Issued: &s.Issued}}
	if refuse {
		r.Decision, r.Reason, r.ErrorCode = "Deny", "no record of an issue is of the session", awserr.InvalidClientTokenID
	}
	if err := p.audit.Alarm(r); err != nil {
		return err
	}
	if refuse {
		return awserr.InvalidToken()
	}
	p.audit.Issued().Forgive(key, s.Expires)
	return nil
}

// auditMetrics count what is recorded.
func auditMetrics(log *audit.Log) []metrics.Func {
	counter := func(name, help string, value func(audit.Stats) uint64) metrics.Func {
		return metrics.Func{Kind: metrics.Counter, Name: name, Help: help, Value: func() float64 { return float64(value(log.Stats())) }}
	}
	return []metrics.Func{
		counter("sojourn_audit_records_total", "Audit records written.", func(s audit.Stats) uint64 { return s.Written }),
		counter("sojourn_audit_unknown_sessions_total", "Sessions that no record of an issue is of.", func(s audit.Stats) uint64 { return s.Alarms }),
		counter("sojourn_audit_failures_total", "Audit records that could not be written.", func(s audit.Stats) uint64 { return s.Failed }),
	}
}
