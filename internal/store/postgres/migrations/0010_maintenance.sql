-- A base pack has a bitmap, and the history's graph beside it; 0 bytes for none.
ALTER TABLE packs ADD COLUMN bitmap_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE packs ADD COLUMN bitmap_sha256 TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE packs ADD COLUMN graph_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE packs ADD COLUMN graph_sha256 TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE packs ADD COLUMN added BIGINT NOT NULL DEFAULT 0; -- Unix seconds, 0 where it does not matter

-- Who does what one server at a time is enough for.
CREATE TABLE maint_leases (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL -- Unix seconds
);

-- Events that were committed with their cause and are still to be delivered.
CREATE TABLE outbox (
    repo    TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL, -- Unix seconds
    due     BIGINT NOT NULL, -- not before
    tries   BIGINT NOT NULL,
    PRIMARY KEY (repo, version, seq)
);
CREATE INDEX outbox_by_due ON outbox (due, at);
