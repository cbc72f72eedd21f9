-- +goose Up

-- The customer's signed_out_before: what was issued before it is void. NULL: never.
ALTER TABLE customers ADD COLUMN signed_out_before INTEGER;

ALTER TABLE subscriptions ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE subscriptions ADD COLUMN card_token BLOB; -- sealed

-- Orders are looked up by whose they are, the latest first.
ALTER TABLE orders ADD COLUMN customer_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN placed_at INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET customer_id = json_extract(doc, '$.customer_id'), placed_at = json_extract(doc, '$.placed_at'),
    doc = json_remove(doc, '$.customer_id', '$.placed_at');
CREATE INDEX orders_customer ON orders (tenant, customer_id, placed_at);
