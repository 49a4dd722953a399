-- One row per order: its shipment, or the mark of a cancellation that came before the
-- confirmation. The mark has no user and is no shipment to anybody.
CREATE TABLE shipments (
    shipment_id     BLOB PRIMARY KEY,
    order_id        BLOB NOT NULL UNIQUE,
    user_id         BLOB,
    state           TEXT NOT NULL CHECK (state IN ('PREPARING', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
    version         INTEGER NOT NULL,
    ship_to         TEXT,
    carrier         TEXT,
    tracking_number TEXT,
    create_time     TEXT NOT NULL,
    update_time     TEXT NOT NULL,
    CHECK ((user_id IS NULL) = (ship_to IS NULL)),
    CHECK (user_id IS NOT NULL OR state = 'CANCELLED'),
    CHECK (state NOT IN ('DISPATCHED', 'DELIVERED') OR (carrier IS NOT NULL AND tracking_number IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX shipments_by_user ON shipments (user_id, shipment_id);

CREATE TABLE shipment_items (
    shipment_id BLOB NOT NULL REFERENCES shipments,
    line        INTEGER NOT NULL,
    sku         TEXT NOT NULL,
    title       TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line)
) STRICT, WITHOUT ROWID;
