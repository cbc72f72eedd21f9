-- +goose Up

-- How often customers were changed, by whomever: nodes remember customers, and see
-- by it when they must ask again.
ALTER TABLE head ADD COLUMN customer_changes bigint NOT NULL DEFAULT 0;

-- +goose StatementBegin
CREATE FUNCTION count_customer_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE head SET customer_changes = customer_changes + 1;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER customers_changed AFTER UPDATE OR DELETE OR TRUNCATE ON customers
FOR EACH STATEMENT EXECUTE FUNCTION count_customer_change();
