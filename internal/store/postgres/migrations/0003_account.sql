-- An instance profile holds one role at the most.
CREATE TABLE instance_profiles (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account  TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    role_id  TEXT COLLATE "C" REFERENCES roles (id), -- NULL for none
    created  BIGINT NOT NULL,
    tags     TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);
CREATE INDEX instance_profiles_by_role ON instance_profiles (role_id);

-- An account has one alias at the most, and all accounts share the names.
CREATE TABLE account_aliases (
    alias   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES accounts (id)
);
