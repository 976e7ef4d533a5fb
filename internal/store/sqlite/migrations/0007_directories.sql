-- LDAP directories. urls is a JSON list; bind_password is sealed.
CREATE TABLE directories (
    id                  TEXT NOT NULL PRIMARY KEY,
    account             TEXT NOT NULL,
    region              TEXT NOT NULL,
    name                TEXT NOT NULL,
    name_key            TEXT NOT NULL,
    created             INTEGER NOT NULL,
    updated             INTEGER NOT NULL,
    kind                TEXT NOT NULL,
    urls                TEXT NOT NULL,
    authorities         TEXT NOT NULL, -- '' for the server's own
    bind_dn             TEXT NOT NULL,
    bind_password       BLOB NOT NULL,
    base_dn             TEXT NOT NULL,
    user_filter         TEXT NOT NULL,
    user_name_attribute TEXT NOT NULL,
    identity_attribute  TEXT NOT NULL,
    short_name          TEXT NOT NULL,
    group_base_dn       TEXT NOT NULL,
    group_filter        TEXT NOT NULL,
    group_nesting       TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;
