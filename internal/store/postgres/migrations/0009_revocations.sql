-- Revocations: sessions of a subject that were issued at or before a time are
-- over. A subject is the unique id of a role or a user, an account's id, a
-- provider as sessions name it, or an access key id. Each stands by itself, so
-- that taking one back leaves the others. Behind until nothing that one ends can
-- be alive.
CREATE TABLE revocations (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind    TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL, -- what was asked for, for people
    before  BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    made_by TEXT COLLATE "C" NOT NULL,
    reason  TEXT COLLATE "C" NOT NULL
);

-- The life of each root key, never the key: a file of root keys that was put
-- back from an older copy is known by it.
CREATE TABLE root_keys (
    generation  BIGINT NOT NULL PRIMARY KEY,
    fingerprint TEXT COLLATE "C" NOT NULL,
    announced   BIGINT NOT NULL,
    sealing     BIGINT NOT NULL, -- since when it seals
    ended       BIGINT NOT NULL, -- since when it seals no more
    retired     BIGINT NOT NULL
);
