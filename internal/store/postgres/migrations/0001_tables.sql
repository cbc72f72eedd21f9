-- +goose Up

-- The rows are those of the other engine (internal/store/tables). Texts compare
-- byte by byte, whatever the database's own order is. Instants are unix
-- milliseconds.

-- One row, and whoever writes holds it: where the audit log ends, the latest instant
-- that anything was judged by (in microseconds), the epoch, and the history of the
-- database server that the epoch belongs to.
CREATE TABLE head (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch   bigint NOT NULL,
    history text NOT NULL,
    at      bigint NOT NULL,
    seq     bigint NOT NULL,
    hash    bytea NOT NULL
) WITH (fillfactor = 10);

INSERT INTO head (epoch, history, at, seq, hash) VALUES (1, '', 0, 0, '');

-- Keys start with the expiry second, so grants lie in the order in which they
-- expire. A grant's session is in the grant's own row: there is room for one,
-- ever, and to redeem is to change one row. Pages have room for that change.
CREATE TABLE grants (
    key                bytea PRIMARY KEY,
    state              bigint NOT NULL, -- signon.GrantState
    epoch              bigint NOT NULL,
    issued_at          bigint NOT NULL,
    expires_at         bigint NOT NULL,
    bound_addr         bytea,           -- NULL: bound to no address
    misses             bigint NOT NULL,
    about              bytea NOT NULL,
    redeemed_at        bigint,          -- NULL before
    binding            bytea,           -- NULL before
    session_secret     bytea,           -- NULL: there is no session
    session_expires_at bigint,
    session_ended_at   bigint           -- NULL while it lives
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE audit (
    seq  bigint PRIMARY KEY,
    body bytea NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE tenants (
    id  text COLLATE "C" PRIMARY KEY,
    doc text NOT NULL
);

CREATE TABLE clients (
    tenant  text COLLATE "C" NOT NULL,
    pos     bigint NOT NULL,            -- as declared
    realm   text NOT NULL,
    id      text NOT NULL,
    doc     text NOT NULL,
    secrets bytea NOT NULL,             -- sealed
    PRIMARY KEY (tenant, pos)
);

CREATE TABLE destinations (
    tenant text COLLATE "C" NOT NULL,
    pos    bigint NOT NULL,             -- as declared
    id     text NOT NULL,
    doc    text NOT NULL,
    PRIMARY KEY (tenant, pos)
);

CREATE TABLE customers (
    rowid             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant            text COLLATE "C" NOT NULL,
    id                bigint NOT NULL,
    external_ref      text COLLATE "C", -- NULL: none
    email             text COLLATE "C", -- lower-case, NULL: none
    version           bigint NOT NULL,
    created_at        bigint NOT NULL,
    changed_at        bigint NOT NULL,
    privacy_key       bytea NOT NULL,   -- sealed
    card_tokens       bytea,            -- sealed
    doc               text NOT NULL,
    signed_out_before bigint,           -- what was issued before is void; NULL: never
    shopper_id        bigint,           -- NULL: none
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX customers_external_ref ON customers (tenant, external_ref) WHERE external_ref IS NOT NULL;
CREATE UNIQUE INDEX customers_shopper_id ON customers (tenant, shopper_id) WHERE shopper_id IS NOT NULL;
CREATE INDEX customers_email ON customers (tenant, email) WHERE email IS NOT NULL;

CREATE TABLE subscriptions (
    rowid       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant      text COLLATE "C" NOT NULL,
    reference   text COLLATE "C" NOT NULL,
    customer_id bigint NOT NULL,
    email       text COLLATE "C",       -- the end user's, lower-case, NULL: none
    version     bigint NOT NULL,
    created_at  bigint NOT NULL,
    card_token  bytea,                  -- sealed
    doc         text NOT NULL,
    PRIMARY KEY (tenant, reference)
);

CREATE INDEX subscriptions_customer ON subscriptions (tenant, customer_id, reference);
CREATE INDEX subscriptions_email ON subscriptions (tenant, email, reference) WHERE email IS NOT NULL;

CREATE TABLE products (
    tenant text COLLATE "C" NOT NULL,
    id     text COLLATE "C" NOT NULL,
    doc    text NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE orders (
    rowid       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant      text COLLATE "C" NOT NULL,
    ref_no      text COLLATE "C" NOT NULL,
    cart_id     text COLLATE "C",       -- NULL: none
    customer_id bigint NOT NULL,
    status      text NOT NULL,
    placed_at   bigint NOT NULL,
    card_token  bytea,                  -- sealed
    doc         text NOT NULL
);

-- Numbers are digits of any length: the shorter one is the smaller.
CREATE UNIQUE INDEX orders_ref_no ON orders (tenant, length(ref_no), ref_no);
CREATE UNIQUE INDEX orders_cart ON orders (tenant, cart_id) WHERE cart_id IS NOT NULL;
CREATE INDEX orders_customer ON orders (tenant, customer_id, placed_at);

-- A user who was deleted leaves a row with nothing but the ID and when that was:
-- doc is NULL then.
CREATE TABLE users (
    rowid             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant            text COLLATE "C" NOT NULL,
    id                bigint NOT NULL,
    username          text COLLATE "C", -- lower-case
    version           bigint NOT NULL,
    created_at        bigint NOT NULL,
    changed_at        bigint NOT NULL,
    signed_out_before bigint,           -- NULL: never
    privacy_key       bytea,            -- sealed
    doc               text,
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX users_username ON users (tenant, username) WHERE username IS NOT NULL;

CREATE TABLE members (
    rowid             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant            text COLLATE "C" NOT NULL,
    number            text COLLATE "C" NOT NULL,
    version           bigint NOT NULL,
    created_at        bigint NOT NULL,
    changed_at        bigint NOT NULL,
    signed_out_before bigint,           -- NULL: never
    privacy_key       bytea NOT NULL,   -- sealed
    doc               text NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- Which events of the audit log are somebody's sign-on activity. It is no part of
-- the log, so that it can be forgotten with the person.
CREATE TABLE activity (
    tenant  text COLLATE "C" NOT NULL,
    seq     bigint NOT NULL,            -- of the event
    kind    text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE INDEX activity_subject ON activity (tenant, kind, subject, seq);

-- Answers to calls that must not be done twice. Who an answer is about is NULL for
-- none, and when that person was deleted: sealed is empty then.
CREATE TABLE replies (
    key         bytea PRIMARY KEY,
    call        bytea NOT NULL,         -- digest
    sealed      bytea NOT NULL,
    outdated_at bigint NOT NULL,
    tenant      text COLLATE "C",
    kind        text COLLATE "C",
    subject     text COLLATE "C"
);

CREATE INDEX replies_outdated ON replies (outdated_at);
CREATE INDEX replies_about ON replies (tenant, kind, subject) WHERE subject IS NOT NULL;

-- The keys that tokens are signed with.
CREATE TABLE signing_keys (
    rowid      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant     text COLLATE "C" NOT NULL,
    owner      text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    secret     bytea NOT NULL,          -- sealed
    created_at bigint NOT NULL,
    signs_from bigint NOT NULL,
    retires_at bigint,                  -- NULL: not known yet
    PRIMARY KEY (tenant, owner, id)
);

-- What was issued for a destination before counts no more.
CREATE TABLE voided (
    tenant      text COLLATE "C" NOT NULL,
    destination text COLLATE "C" NOT NULL,
    before      bigint NOT NULL,
    PRIMARY KEY (tenant, destination)
);
