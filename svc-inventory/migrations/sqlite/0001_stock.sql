CREATE TABLE stock (
    sku TEXT PRIMARY KEY,
    on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    allocated INTEGER NOT NULL CHECK (allocated >= 0),
    version INTEGER NOT NULL,
    update_time TEXT NOT NULL,
    CONSTRAINT stock_keeps_its_promises CHECK (reserved + allocated <= on_hand)
) STRICT, WITHOUT ROWID;

-- What changed the units on hand; the version is the stock's after the change.
CREATE TABLE adjustments (
    sku TEXT NOT NULL REFERENCES stock,
    version INTEGER NOT NULL,
    adjustment_id BLOB NOT NULL,
    delta INTEGER NOT NULL CHECK (delta <> 0),
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    create_time TEXT NOT NULL,
    PRIMARY KEY (sku, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE reservations (
    order_id BLOB PRIMARY KEY,
    state TEXT NOT NULL
        CHECK (state IN ('RESERVED', 'ALLOCATED', 'DISPATCHED', 'RELEASED', 'EXPIRED')),
    version INTEGER NOT NULL,
    -- When it is given back by itself; none for what was released before it came.
    expire_time TEXT CHECK (expire_time IS NOT NULL OR state = 'RELEASED'),
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_due ON reservations (expire_time) WHERE state = 'RESERVED';

CREATE TABLE reservation_lines (
    order_id BLOB NOT NULL REFERENCES reservations,
    sku TEXT NOT NULL REFERENCES stock,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku)
) STRICT, WITHOUT ROWID;
