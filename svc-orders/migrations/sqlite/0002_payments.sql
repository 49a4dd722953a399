-- SQLite changes no constraint: the tables are made anew, those that refer to others first to go.
CREATE TABLE new_orders (
    order_id           BLOB PRIMARY KEY,
    user_id            BLOB NOT NULL,
    external_reference TEXT,
    state              TEXT NOT NULL CHECK (state IN (
        'PENDING', 'AWAITING_PAYMENT', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'REJECTING', 'REJECTED',
        'CANCELLING', 'CANCELLED', 'RETURNED'
    )),
    -- The sequence number of the order's last event.
    version            INTEGER NOT NULL,
    currency           TEXT NOT NULL,
    total_minor        INTEGER NOT NULL,
    ship_to            TEXT NOT NULL,
    rejection_reason   TEXT,
    -- The refusal's details, as the callee encoded them.
    rejection_details  BLOB,
    create_time        TEXT NOT NULL,
    update_time        TEXT NOT NULL,
    -- When recovery takes the order up, unless whoever works on it is done before.
    recovery_time      TEXT,
    attempts           INTEGER NOT NULL DEFAULT 0,
    -- What was heard of the order's money; NULL if it is not paid here.
    funds              TEXT,
    CHECK ((state IN ('PENDING', 'AWAITING_PAYMENT', 'REJECTING', 'CANCELLING')) = (recovery_time IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE new_order_items (
    order_id         BLOB NOT NULL REFERENCES new_orders,
    line             INTEGER NOT NULL,
    sku              TEXT NOT NULL,
    title            TEXT NOT NULL,
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_minor INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE new_order_events (
    order_id    BLOB NOT NULL REFERENCES new_orders,
    sequence    INTEGER NOT NULL,
    old_state   TEXT,
    new_state   TEXT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    create_time TEXT NOT NULL,
    PRIMARY KEY (order_id, sequence)
) STRICT, WITHOUT ROWID;

INSERT INTO new_orders SELECT *, NULL FROM orders;
INSERT INTO new_order_items SELECT * FROM order_items;
INSERT INTO new_order_events SELECT * FROM order_events;
DROP TABLE order_events;
DROP TABLE order_items;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
ALTER TABLE new_order_items RENAME TO order_items;
ALTER TABLE new_order_events RENAME TO order_events;

CREATE INDEX orders_by_user ON orders (user_id, order_id);
CREATE UNIQUE INDEX orders_by_external_reference ON orders (external_reference, user_id)
    WHERE external_reference IS NOT NULL;
CREATE INDEX orders_by_recovery_time ON orders (recovery_time) WHERE recovery_time IS NOT NULL;

-- What an order that is not in progress still has to ask of others.
CREATE TABLE order_tasks (
    order_id     BLOB NOT NULL REFERENCES orders,
    kind         TEXT NOT NULL CHECK (kind IN ('CAPTURE')),
    -- What the callee knows it by: the shipment of a capture.
    request_id   BLOB NOT NULL,
    -- When it is taken up.
    due_time     TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, kind, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_tasks_by_due_time ON order_tasks (due_time);
