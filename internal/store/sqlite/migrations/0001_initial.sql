-- Times are microseconds since the Unix epoch, 0 for "never"; at in uploads and
-- pack_trash is Unix seconds. Columns ending in _key hold a name in lower case:
-- IAM names are unique without regard to case and kept as they were given.
-- Lists and maps (tags, client_ids, thumbprints, trust_ids) are JSON.

CREATE TABLE accounts (
    id      TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id       TEXT NOT NULL PRIMARY KEY,
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path     TEXT NOT NULL,
    boundary TEXT NOT NULL,
    created  INTEGER NOT NULL,
    tags     TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_keys (
    id           TEXT NOT NULL PRIMARY KEY,
    account      TEXT NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id),
    secret       BLOB NOT NULL,
    status       TEXT NOT NULL,
    created      INTEGER NOT NULL,
    last_used    INTEGER NOT NULL,
    last_service TEXT NOT NULL,
    last_region  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_keys_by_user ON access_keys (user_id, created, id);

CREATE TABLE groups (
    id       TEXT NOT NULL PRIMARY KEY,
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES groups (id),
    user_id  TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_user ON group_members (user_id, group_id);

CREATE TABLE roles (
    id          TEXT NOT NULL PRIMARY KEY,
    account     TEXT NOT NULL,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    path        TEXT NOT NULL,
    description TEXT NOT NULL,
    boundary    TEXT NOT NULL,
    max_session INTEGER NOT NULL, -- microseconds
    trust       TEXT NOT NULL,
    trust_ids   TEXT NOT NULL,
    created     INTEGER NOT NULL,
    tags        TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    id              TEXT NOT NULL PRIMARY KEY,
    account         TEXT NOT NULL,
    name            TEXT NOT NULL,
    name_key        TEXT NOT NULL,
    path            TEXT NOT NULL,
    description     TEXT NOT NULL,
    default_version TEXT NOT NULL,
    last_version    INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    updated         INTEGER NOT NULL,
    tags            TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;

-- The two tables of documents have row ids: without them a search compares whole
-- rows, and these are longer than a page.
CREATE TABLE policy_versions (
    policy_id TEXT NOT NULL REFERENCES policies (id),
    version   TEXT NOT NULL,
    document  TEXT NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (policy_id, version)
) STRICT;

-- An owner is the unique id of a user, a group or a role.
CREATE TABLE inline_policies (
    owner    TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT;

CREATE TABLE attachments (
    owner      TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (owner, policy_arn)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_policy ON attachments (policy_arn, owner);

CREATE TABLE oidc_providers (
    account     TEXT NOT NULL,
    url         TEXT NOT NULL,
    client_ids  TEXT NOT NULL,
    thumbprints TEXT NOT NULL,
    created     INTEGER NOT NULL,
    tags        TEXT NOT NULL,
    PRIMARY KEY (account, url)
) STRICT, WITHOUT ROWID;

CREATE TABLE repos (
    id          TEXT NOT NULL PRIMARY KEY,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    head        TEXT NOT NULL,
    version     INTEGER NOT NULL,
    gc_epoch    INTEGER NOT NULL,
    pack_gen    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    modified    INTEGER NOT NULL,
    tags        TEXT NOT NULL,
    UNIQUE (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE refs (
    repo   TEXT NOT NULL REFERENCES repos (id),
    name   TEXT NOT NULL,
    oid    TEXT NOT NULL,
    peeled TEXT NOT NULL,
    PRIMARY KEY (repo, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE ref_log (
    repo    TEXT NOT NULL REFERENCES repos (id),
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    ref     TEXT NOT NULL,
    old_oid TEXT NOT NULL,
    new_oid TEXT NOT NULL,
    push_id TEXT NOT NULL,
    PRIMARY KEY (repo, version, seq)
) STRICT, WITHOUT ROWID;

-- Pushes outlive their repository: they are the answer to "was it committed?".
CREATE TABLE pushes (
    id      TEXT NOT NULL PRIMARY KEY,
    repo    TEXT NOT NULL,
    version INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    result  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE packs (
    repo          TEXT NOT NULL REFERENCES repos (id),
    id            TEXT NOT NULL,
    seq           INTEGER NOT NULL, -- the order of adding
    git_name      TEXT NOT NULL,
    size          INTEGER NOT NULL,
    idx_size      INTEGER NOT NULL,
    sha256        TEXT NOT NULL,
    idx_sha256    TEXT NOT NULL,
    objects       INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    added_version INTEGER NOT NULL,
    PRIMARY KEY (repo, id),
    UNIQUE (repo, seq)
) STRICT, WITHOUT ROWID;

-- Intents and trash outlive their repository until the blobs are gone.
CREATE TABLE uploads (
    repo  TEXT NOT NULL,
    id    TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'dead')),
    at    INTEGER NOT NULL,
    PRIMARY KEY (repo, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_state ON uploads (state, at);

CREATE TABLE pack_trash (
    repo TEXT NOT NULL,
    id   TEXT NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (repo, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pack_trash_by_time ON pack_trash (at);
