-- When a role was last used. A table of its own, so that writing it rewrites no
-- role, and a program that does not know it loses nothing.
CREATE TABLE role_last_uses (
    role_id TEXT NOT NULL PRIMARY KEY REFERENCES roles (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL, -- microseconds since the Unix epoch
    service TEXT NOT NULL,
    region  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
