-- +goose Up

-- What statements of many rows are given: one array of such rows costs the server less
-- than an array for each column.
CREATE TYPE new_grant AS (
    key        bytea,
    issued_at  bigint,
    expires_at bigint,
    bound_addr bytea,
    about      bytea
);

CREATE TYPE redemption AS (
    key        bytea,
    binding    bytea,
    secret     bytea,  -- of the session, NULL: there is to be none
    expires_at bigint, -- the session
    judged     bigint, -- what the grant must expire after
    addr1      bytea,  -- that the grant may be bound to
    addr2      bytea,
    moved      bytea   -- NULL: about stays as it is
);

CREATE TYPE new_event AS (
    seq  bigint,
    body bytea,
    hash bytea
);

CREATE TYPE new_activity AS (
    tenant  text,
    seq     bigint,
    kind    text,
    subject text
);
