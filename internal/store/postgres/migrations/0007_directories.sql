-- LDAP directories. urls is a JSON list; bind_password is sealed.
CREATE TABLE directories (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account             TEXT COLLATE "C" NOT NULL,
    region              TEXT COLLATE "C" NOT NULL,
    name                TEXT COLLATE "C" NOT NULL,
    name_key            TEXT COLLATE "C" NOT NULL,
    created             BIGINT NOT NULL,
    updated             BIGINT NOT NULL,
    kind                TEXT COLLATE "C" NOT NULL,
    urls                TEXT COLLATE "C" NOT NULL,
    authorities         TEXT COLLATE "C" NOT NULL, -- '' for the server's own
    bind_dn             TEXT COLLATE "C" NOT NULL,
    bind_password       BYTEA NOT NULL,
    base_dn             TEXT COLLATE "C" NOT NULL,
    user_filter         TEXT COLLATE "C" NOT NULL,
    user_name_attribute TEXT COLLATE "C" NOT NULL,
    identity_attribute  TEXT COLLATE "C" NOT NULL,
    short_name          TEXT COLLATE "C" NOT NULL,
    group_base_dn       TEXT COLLATE "C" NOT NULL,
    group_filter        TEXT COLLATE "C" NOT NULL,
    group_nesting       TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);
