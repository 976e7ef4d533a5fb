-- SAML providers. Names differ without regard to case and are found as they were
-- written. private_keys is a JSON list of sealed keys.
CREATE TABLE saml_providers (
    account         TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    name_key        TEXT COLLATE "C" NOT NULL,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    metadata        TEXT COLLATE "C" NOT NULL,
    encryption_mode TEXT COLLATE "C" NOT NULL, -- '' for none
    private_keys    TEXT COLLATE "C" NOT NULL,
    created         BIGINT NOT NULL,
    valid_until     BIGINT NOT NULL,
    tags            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, name_key)
);

-- Assertions that were used, until they expire.
CREATE TABLE used_assertions (
    assertion TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires   BIGINT NOT NULL
);
CREATE INDEX used_assertions_by_expiry ON used_assertions (expires);
