-- Virtual MFA devices. user_id is '' while nobody has enabled the device.
CREATE TABLE mfa_devices (
    serial    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account   TEXT COLLATE "C" NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    name_key  TEXT COLLATE "C" NOT NULL,
    path      TEXT COLLATE "C" NOT NULL,
    seed      BYTEA NOT NULL,
    user_id   TEXT COLLATE "C" NOT NULL,
    created   BIGINT NOT NULL,
    enabled   BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    drift     BIGINT NOT NULL,
    failures  BIGINT NOT NULL,
    retry_at  BIGINT NOT NULL,
    tags      TEXT COLLATE "C" NOT NULL,
    UNIQUE (account, name_key)
);
CREATE INDEX mfa_devices_by_user ON mfa_devices (user_id, serial);
