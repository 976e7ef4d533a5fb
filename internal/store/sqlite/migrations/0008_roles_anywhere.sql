-- Trust anchors, profiles and certificate revocation lists of IAM Roles Anywhere,
-- which are of an account and a region. role_arns, managed_policies, mappings and
-- tags are JSON lists.
CREATE TABLE trust_anchors (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    enabled      INTEGER NOT NULL,
    certificates TEXT NOT NULL,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    tags         TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE anywhere_profiles (
    account                     TEXT NOT NULL,
    region                      TEXT NOT NULL,
    id                          TEXT NOT NULL,
    name                        TEXT NOT NULL,
    enabled                     INTEGER NOT NULL,
    created_by                  TEXT NOT NULL,
    role_arns                   TEXT NOT NULL,
    managed_policies            TEXT NOT NULL,
    session_policy              TEXT NOT NULL, -- '' for none
    duration                    INTEGER NOT NULL,
    require_instance_properties INTEGER NOT NULL,
    accept_role_session_name    INTEGER NOT NULL,
    mappings                    TEXT NOT NULL,
    created                     INTEGER NOT NULL,
    updated                     INTEGER NOT NULL,
    tags                        TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE crls (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    enabled      INTEGER NOT NULL,
    trust_anchor TEXT NOT NULL,
    data         BLOB NOT NULL,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    tags         TEXT NOT NULL,
    PRIMARY KEY (account, region, id),
    FOREIGN KEY (account, region, trust_anchor) REFERENCES trust_anchors (account, region, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX crls_by_trust_anchor ON crls (account, region, trust_anchor, id);
