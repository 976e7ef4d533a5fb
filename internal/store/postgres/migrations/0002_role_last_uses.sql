-- When a role was last used. A table of its own, so that writing it rewrites no
-- role, and a program that does not know it loses nothing.
CREATE TABLE role_last_uses (
    role_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES roles (id) ON DELETE CASCADE,
    at      BIGINT NOT NULL, -- microseconds since the Unix epoch
    service TEXT COLLATE "C" NOT NULL,
    region  TEXT COLLATE "C" NOT NULL
);
