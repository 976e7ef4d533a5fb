-- Revocations: sessions of a subject that were issued at or before a time are
-- over. A subject is the unique id of a role or a user, an account's id, a
-- provider as sessions name it, or an access key id. Each stands by itself, so
-- that taking one back leaves the others. Behind until nothing that one ends can
-- be alive.
CREATE TABLE revocations (
    id      TEXT NOT NULL PRIMARY KEY,
    kind    TEXT NOT NULL,
    account TEXT NOT NULL,
    subject TEXT NOT NULL,
    name    TEXT NOT NULL, -- what was asked for, for people
    before  INTEGER NOT NULL,
    made    INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The life of each root key, never the key: a file of root keys that was put
-- back from an older copy is known by it.
CREATE TABLE root_keys (
    generation  INTEGER NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    announced   INTEGER NOT NULL,
    sealing     INTEGER NOT NULL, -- since when it seals
    ended       INTEGER NOT NULL, -- since when it seals no more
    retired     INTEGER NOT NULL
) STRICT;
