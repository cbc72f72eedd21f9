-- +goose Up

-- A user who was deleted leaves a row with nothing but the ID and when that was:
-- doc is NULL then.
CREATE TABLE users (
    tenant            TEXT NOT NULL,
    id                INTEGER NOT NULL,
    username          TEXT,             -- lower-case
    version           INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    changed_at        INTEGER NOT NULL,
    signed_out_before INTEGER,          -- NULL: never
    privacy_key       BLOB,             -- sealed
    doc               TEXT,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE UNIQUE INDEX users_username ON users (tenant, username) WHERE username IS NOT NULL;

-- Which events of the audit log are somebody's sign-on activity. It is no part of
-- the log, so that it can be forgotten with the person.
CREATE TABLE activity (
    tenant  TEXT NOT NULL,
    seq     INTEGER NOT NULL,           -- of the event
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX activity_subject ON activity (tenant, kind, subject, seq);

-- Answers to calls that must not be done twice. Who an answer is about is NULL for
-- none, and when that person was deleted: sealed is empty then.
CREATE TABLE replies (
    key         BLOB PRIMARY KEY,
    call        BLOB NOT NULL,          -- digest
    sealed      BLOB NOT NULL,
    outdated_at INTEGER NOT NULL,
    tenant      TEXT,
    kind        TEXT,
    subject     TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX replies_outdated ON replies (outdated_at);
CREATE INDEX replies_about ON replies (tenant, kind, subject) WHERE subject IS NOT NULL;

-- The number that another shop system knows the customer by. NULL: none.
ALTER TABLE customers ADD COLUMN shopper_id INTEGER;
CREATE UNIQUE INDEX customers_shopper_id ON customers (tenant, shopper_id) WHERE shopper_id IS NOT NULL;
