-- +goose Up

CREATE TABLE members (
    tenant            TEXT NOT NULL,
    number            TEXT NOT NULL,
    version           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    changed_at        INTEGER NOT NULL,
    signed_out_before INTEGER,          -- NULL: never
    privacy_key       BLOB NOT NULL,    -- sealed
    doc               TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;

-- The keys that tokens are signed with.
CREATE TABLE signing_keys (
    tenant     TEXT NOT NULL,
    owner      TEXT NOT NULL,
    id         TEXT NOT NULL,
    secret     BLOB NOT NULL,           -- sealed
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retires_at INTEGER,                 -- NULL: not known yet
    PRIMARY KEY (tenant, owner, id)
) STRICT;

-- What was issued for a destination before counts no more.
CREATE TABLE voided (
    tenant      TEXT NOT NULL,
    destination TEXT NOT NULL,
    before      INTEGER NOT NULL,
    PRIMARY KEY (tenant, destination)
) STRICT, WITHOUT ROWID;
