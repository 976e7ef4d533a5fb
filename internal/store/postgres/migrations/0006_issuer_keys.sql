-- The last good key set of each OpenID Connect issuer, whichever accounts have
-- registered it. keys is a JWK set, fetched the time of its fetch.
CREATE TABLE issuer_keys (
    issuer  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    keys    BYTEA NOT NULL,
    fetched BIGINT NOT NULL
);
-- Key sets that an operator has given for an issuer that is not to be asked.
CREATE TABLE given_issuer_keys (
    issuer  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    keys    BYTEA NOT NULL,
    fetched BIGINT NOT NULL
);
