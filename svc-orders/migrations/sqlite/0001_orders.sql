CREATE TABLE orders (
    order_id           BLOB PRIMARY KEY,
    user_id            BLOB NOT NULL,
    external_reference TEXT,
    state              TEXT NOT NULL CHECK (state IN (
        'PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'REJECTED', 'CANCELLING', 'CANCELLED', 'RETURNED'
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
    CHECK ((state IN ('PENDING', 'CANCELLING')) = (recovery_time IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_user ON orders (user_id, order_id);
CREATE UNIQUE INDEX orders_by_external_reference ON orders (external_reference, user_id)
    WHERE external_reference IS NOT NULL;
CREATE INDEX orders_by_recovery_time ON orders (recovery_time) WHERE recovery_time IS NOT NULL;

CREATE TABLE order_items (
    order_id         BLOB NOT NULL REFERENCES orders,
    line             INTEGER NOT NULL,
    sku              TEXT NOT NULL,
    title            TEXT NOT NULL,
    quantity         INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_minor INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_events (
    order_id    BLOB NOT NULL REFERENCES orders,
    sequence    INTEGER NOT NULL,
    old_state   TEXT,
    new_state   TEXT NOT NULL,
    actor       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    create_time TEXT NOT NULL,
    PRIMARY KEY (order_id, sequence)
) STRICT, WITHOUT ROWID;
