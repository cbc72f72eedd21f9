-- +goose Up

-- After which event the audit log starts, once its oldest events were removed: one
-- row, of place 1, with the number and the hash of the last one removed, sealed.
CREATE TABLE audit_start (
    place INTEGER PRIMARY KEY,
    head  BLOB NOT NULL
) STRICT;
