-- An instance profile holds one role at the most.
CREATE TABLE instance_profiles (
    id       TEXT NOT NULL PRIMARY KEY,
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path     TEXT NOT NULL,
    role_id  TEXT REFERENCES roles (id), -- NULL for none
    created  INTEGER NOT NULL,
    tags     TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX instance_profiles_by_role ON instance_profiles (role_id);

-- An account has one alias at the most, and all accounts share the names.
CREATE TABLE account_aliases (
    alias   TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL UNIQUE REFERENCES accounts (id)
) STRICT, WITHOUT ROWID;
