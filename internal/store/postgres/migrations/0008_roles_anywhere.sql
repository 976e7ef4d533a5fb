-- Trust anchors, profiles and certificate revocation lists of IAM Roles Anywhere,
-- which are of an account and a region. role_arns, managed_policies, mappings and
-- tags are JSON lists.
CREATE TABLE trust_anchors (
    account      TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    enabled      BIGINT NOT NULL,
    certificates TEXT COLLATE "C" NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    tags         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, region, id)
);

CREATE TABLE anywhere_profiles (
    account                     TEXT COLLATE "C" NOT NULL,
    region                      TEXT COLLATE "C" NOT NULL,
    id                          TEXT COLLATE "C" NOT NULL,
    name                        TEXT COLLATE "C" NOT NULL,
    enabled                     BIGINT NOT NULL,
    created_by                  TEXT COLLATE "C" NOT NULL,
    role_arns                   TEXT COLLATE "C" NOT NULL,
    managed_policies            TEXT COLLATE "C" NOT NULL,
    session_policy              TEXT COLLATE "C" NOT NULL, -- '' for none
    duration                    BIGINT NOT NULL,
    require_instance_properties BIGINT NOT NULL,
    accept_role_session_name    BIGINT NOT NULL,
    mappings                    TEXT COLLATE "C" NOT NULL,
    created                     BIGINT NOT NULL,
    updated                     BIGINT NOT NULL,
    tags                        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, region, id)
);

CREATE TABLE crls (
    account      TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    enabled      BIGINT NOT NULL,
    trust_anchor TEXT COLLATE "C" NOT NULL,
    data         BYTEA NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    tags         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, region, id),
    FOREIGN KEY (account, region, trust_anchor) REFERENCES trust_anchors (account, region, id) ON DELETE CASCADE
);
CREATE INDEX crls_by_trust_anchor ON crls (account, region, trust_anchor, id);
