-- Virtual MFA devices. user_id is '' while nobody has enabled the device.
CREATE TABLE mfa_devices (
    serial    TEXT NOT NULL PRIMARY KEY,
    account   TEXT NOT NULL,
    name      TEXT NOT NULL,
    name_key  TEXT NOT NULL,
    path      TEXT NOT NULL,
    seed      BLOB NOT NULL,
    user_id   TEXT NOT NULL,
    created   INTEGER NOT NULL,
    enabled   INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    drift     INTEGER NOT NULL,
    failures  INTEGER NOT NULL,
    retry_at  INTEGER NOT NULL,
    tags      TEXT NOT NULL,
    UNIQUE (account, name_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX mfa_devices_by_user ON mfa_devices (user_id, serial);
