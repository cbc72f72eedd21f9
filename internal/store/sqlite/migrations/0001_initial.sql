-- +goose Up

-- Instants are unix milliseconds. Hot tables have no secondary index, and no
-- column that nothing judges by: what only describes a row is packed in about.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('epoch', 1);

-- Keys start with the expiry second, so grants lie in the order in which they
-- expire. A grant's session is in the grant's own row: there is room for one,
-- ever, and to redeem is to change one row. It starts when the grant is redeemed,
-- in the epoch of the grant, and stays when the grant is over.
CREATE TABLE grants (
    key                BLOB PRIMARY KEY,
    state              INTEGER NOT NULL, -- signon.GrantState
    epoch              INTEGER NOT NULL,
    issued_at          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    bound_addr         BLOB,             -- NULL: bound to no address
    misses             INTEGER NOT NULL,
    about              BLOB NOT NULL,
    redeemed_at        INTEGER,          -- NULL before
    binding            BLOB,             -- NULL before
    session_secret     BLOB,             -- NULL: there is no session
    session_expires_at INTEGER,
    session_ended_at   INTEGER           -- NULL while it lives
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE tenants (
    id  TEXT PRIMARY KEY,
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    tenant  TEXT NOT NULL,
    pos     INTEGER NOT NULL,     -- as declared
    realm   TEXT NOT NULL,
    id      TEXT NOT NULL,
    doc     TEXT NOT NULL,
    secrets BLOB NOT NULL,        -- sealed
    PRIMARY KEY (tenant, pos)
) STRICT, WITHOUT ROWID;

CREATE TABLE destinations (
    tenant TEXT NOT NULL,
    pos    INTEGER NOT NULL,      -- as declared
    id     TEXT NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (tenant, pos)
) STRICT, WITHOUT ROWID;

CREATE TABLE customers (
    tenant       TEXT NOT NULL,
    id           INTEGER NOT NULL,
    external_ref TEXT,            -- NULL: none
    email        TEXT,            -- lower-case, NULL: none
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    privacy_key  BLOB NOT NULL,   -- sealed
    card_tokens  BLOB,            -- sealed
    doc          TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE UNIQUE INDEX customers_external_ref ON customers (tenant, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX customers_email ON customers (tenant, email) WHERE email IS NOT NULL;

CREATE TABLE subscriptions (
    tenant      TEXT NOT NULL,
    reference   TEXT NOT NULL,
    customer_id INTEGER NOT NULL,
    email       TEXT,             -- the end user's, lower-case, NULL: none
    created_at  INTEGER NOT NULL,
    doc         TEXT NOT NULL,
    PRIMARY KEY (tenant, reference)
) STRICT;

CREATE INDEX subscriptions_customer ON subscriptions (tenant, customer_id, reference);
CREATE INDEX subscriptions_email ON subscriptions (tenant, email, reference) WHERE email IS NOT NULL;

CREATE TABLE products (
    tenant TEXT NOT NULL,
    id     TEXT NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE orders (
    tenant     TEXT NOT NULL,
    ref_no     TEXT NOT NULL,
    cart_id    TEXT,              -- NULL: none
    status     TEXT NOT NULL,
    card_token BLOB,              -- sealed
    doc        TEXT NOT NULL
) STRICT;

-- Numbers are digits of any length: the shorter one is the smaller.
CREATE UNIQUE INDEX orders_ref_no ON orders (tenant, length(ref_no), ref_no);
CREATE UNIQUE INDEX orders_cart ON orders (tenant, cart_id) WHERE cart_id IS NOT NULL;
