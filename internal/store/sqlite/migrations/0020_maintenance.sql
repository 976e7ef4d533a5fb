-- A base pack has a bitmap, and the history's graph beside it; 0 bytes for none.
ALTER TABLE packs ADD COLUMN bitmap_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packs ADD COLUMN bitmap_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE packs ADD COLUMN graph_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packs ADD COLUMN graph_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE packs ADD COLUMN added INTEGER NOT NULL DEFAULT 0; -- Unix seconds, 0 where it does not matter

-- Who does what one server at a time is enough for.
CREATE TABLE maint_leases (
    name  TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL -- Unix seconds
) STRICT, WITHOUT ROWID;

-- Events that were committed with their cause and are still to be delivered.
CREATE TABLE outbox (
    repo    TEXT NOT NULL,
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    payload TEXT NOT NULL,
    at      INTEGER NOT NULL, -- Unix seconds
    due     INTEGER NOT NULL, -- not before
    tries   INTEGER NOT NULL,
    PRIMARY KEY (repo, version, seq)
) STRICT;
CREATE INDEX outbox_by_due ON outbox (due, at);
