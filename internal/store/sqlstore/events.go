package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

// AppendEvents implements store.EventTx. Payloads are long, so each is a statement.
func (t *Tx) AppendEvents(events []store.Event) error {
	for _, e := range events {
		err := t.insert("event of repository", e.Repo, "INSERT INTO outbox (repo, version, seq, kind, payload, at, due, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			e.Repo, e.Version, e.Seq, e.Kind, e.Payload, e.At, e.Due, e.Tries)
		if err != nil {
			return err
		}
	}
	return nil
}

// DueEvents implements store.EventTx.
func (t *Tx) DueEvents(kind string, now int64, n int) ([]store.Event, error) {
	scan := func(rows *sql.Rows, e *store.Event) error {
		return rows.Scan(&e.Repo, &e.Version, &e.Seq, &e.Kind, &e.Payload, &e.At, &e.Due, &e.Tries)
	}
	return all(t, "events", "", scan, "SELECT o.repo, o.version, o.seq, o.kind, o.payload, o.at, o.due, o.tries FROM outbox o"+
		" JOIN (SELECT repo, MIN(at) AS age FROM outbox WHERE kind = ? GROUP BY repo HAVING MAX(due) <= ?) r ON r.repo = o.repo"+
		" WHERE o.kind = ? ORDER BY r.age, o.repo, o.version, o.seq LIMIT ?", kind, now, kind, limit(n))
}

// DelayEvent implements store.EventTx.
func (t *Tx) DelayEvent(repo string, version int64, seq int, due int64, tries int) error {
	return t.change("event of repository", repo, "UPDATE outbox SET due = ?, tries = ? WHERE repo = ? AND version = ? AND seq = ?", due, tries, repo, version, seq)
}

// DeleteEvent implements store.EventTx.
func (t *Tx) DeleteEvent(repo string, version int64, seq int) error {
	return t.run("event of repository", repo, "DELETE FROM outbox WHERE repo = ? AND version = ? AND seq = ?", repo, version, seq)
}

// CountEvents implements store.EventTx.
func (t *Tx) CountEvents(kind string) (n, oldest int64, err error) {
	p, err := one(t, "events", "", scanPair, "SELECT COUNT(*), COALESCE(MIN(at), 0) FROM outbox WHERE kind = ?", kind)
	return p[0], p[1], err
}
