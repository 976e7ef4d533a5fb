-- SAML providers. Names differ without regard to case and are found as they were
-- written. private_keys is a JSON list of sealed keys.
CREATE TABLE saml_providers (
    account         TEXT NOT NULL,
    name            TEXT NOT NULL,
    name_key        TEXT NOT NULL,
    id              TEXT NOT NULL UNIQUE,
    metadata        TEXT NOT NULL,
    encryption_mode TEXT NOT NULL, -- '' for none
    private_keys    TEXT NOT NULL,
    created         INTEGER NOT NULL,
    valid_until     INTEGER NOT NULL,
    tags            TEXT NOT NULL,
    PRIMARY KEY (account, name_key)
) STRICT;

-- Assertions that were used, until they expire.
CREATE TABLE used_assertions (
    assertion TEXT NOT NULL PRIMARY KEY,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires);
