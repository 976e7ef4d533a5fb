-- Times are microseconds since the Unix epoch, 0 for "never"; at in uploads and
-- pack_trash is Unix seconds. Columns ending in _key hold a name in lower case:
-- IAM names are unique without regard to case and kept as they were given.
-- Lists and maps (tags, client_ids, thumbprints, trust_ids) are JSON.

CREATE TABLE accounts (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE users (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account  TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    boundary TEXT COLLATE "C" NOT NULL,
    created  BIGINT NOT NULL,
    tags     TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE access_keys (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account      TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    secret       BYTEA NOT NULL,
    status       TEXT COLLATE "C" NOT NULL,
    created      BIGINT NOT NULL,
    last_used    BIGINT NOT NULL,
    last_service TEXT COLLATE "C" NOT NULL,
    last_region  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX access_keys_by_user ON access_keys (user_id, created, id);

CREATE TABLE groups (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account  TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    created  BIGINT NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE group_members (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES groups (id),
    user_id  TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id, group_id);

CREATE TABLE roles (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL,
    path        TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    boundary    TEXT COLLATE "C" NOT NULL,
    max_session BIGINT NOT NULL, -- microseconds
    trust       TEXT COLLATE "C" NOT NULL,
    trust_ids   TEXT COLLATE "C" NOT NULL,
    created     BIGINT NOT NULL,
    tags        TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE policies (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account         TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    name_key        TEXT COLLATE "C" NOT NULL,
    path            TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C" NOT NULL,
    default_version TEXT COLLATE "C" NOT NULL,
    last_version    BIGINT NOT NULL,
    created         BIGINT NOT NULL,
    updated         BIGINT NOT NULL,
    tags            TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);

CREATE TABLE policy_versions (
    policy_id TEXT COLLATE "C" NOT NULL REFERENCES policies (id),
    version   TEXT COLLATE "C" NOT NULL,
    document  TEXT COLLATE "C" NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- An owner is the unique id of a user, a group or a role.
CREATE TABLE inline_policies (
    owner    TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE TABLE attachments (
    owner      TEXT COLLATE "C" NOT NULL,
    policy_arn TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (owner, policy_arn)
);
CREATE INDEX attachments_by_policy ON attachments (policy_arn, owner);

CREATE TABLE oidc_providers (
    account     TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C" NOT NULL,
    client_ids  TEXT COLLATE "C" NOT NULL,
    thumbprints TEXT COLLATE "C" NOT NULL,
    created     BIGINT NOT NULL,
    tags        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, url)
);

CREATE TABLE repos (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account     TEXT COLLATE "C" NOT NULL,
    region      TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    head        TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    gc_epoch    BIGINT NOT NULL,
    pack_gen    BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    modified    BIGINT NOT NULL,
    tags        TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, region, name)
);

CREATE TABLE refs (
    repo   TEXT COLLATE "C" NOT NULL REFERENCES repos (id),
    name   TEXT COLLATE "C" NOT NULL,
    oid    TEXT COLLATE "C" NOT NULL,
    peeled TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (repo, name)
);

CREATE TABLE ref_log (
    repo    TEXT COLLATE "C" NOT NULL REFERENCES repos (id),
    version BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    ref     TEXT COLLATE "C" NOT NULL,
    old_oid TEXT COLLATE "C" NOT NULL,
    new_oid TEXT COLLATE "C" NOT NULL,
    push_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (repo, version, seq)
);

-- Pushes outlive their repository: they are the answer to "was it committed?".
CREATE TABLE pushes (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    repo    TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    result  TEXT COLLATE "C" NOT NULL
);

CREATE TABLE packs (
    repo          TEXT COLLATE "C" NOT NULL REFERENCES repos (id),
    id            TEXT COLLATE "C" NOT NULL,
    seq           BIGINT NOT NULL, -- the order of adding
    git_name      TEXT COLLATE "C" NOT NULL,
    size          BIGINT NOT NULL,
    idx_size      BIGINT NOT NULL,
    sha256        TEXT COLLATE "C" NOT NULL,
    idx_sha256    TEXT COLLATE "C" NOT NULL,
    objects       BIGINT NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    added_version BIGINT NOT NULL,
    PRIMARY KEY (repo, id),
    UNIQUE (repo, seq)
);

-- Intents and trash outlive their repository until the blobs are gone.
CREATE TABLE uploads (
    repo  TEXT COLLATE "C" NOT NULL,
    id    TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'dead')),
    at    BIGINT NOT NULL,
    PRIMARY KEY (repo, id)
);
CREATE INDEX uploads_by_state ON uploads (state, at);

CREATE TABLE pack_trash (
    repo TEXT COLLATE "C" NOT NULL,
    id   TEXT COLLATE "C" NOT NULL,
    at   BIGINT NOT NULL,
    PRIMARY KEY (repo, id)
);
CREATE INDEX pack_trash_by_time ON pack_trash (at);
