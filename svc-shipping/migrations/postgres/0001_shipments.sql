-- One row per order: its shipment, or the mark of a cancellation that came before the
-- confirmation. The mark has no user and is no shipment to anybody.
CREATE TABLE shipments (
    shipment_id     uuid PRIMARY KEY,
    order_id        uuid NOT NULL UNIQUE,
    user_id         uuid,
    state           text NOT NULL CHECK (state IN ('PREPARING', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
    version         bigint NOT NULL,
    ship_to         jsonb,
    carrier         text,
    tracking_number text,
    create_time     timestamptz NOT NULL,
    update_time     timestamptz NOT NULL,
    CHECK ((user_id IS NULL) = (ship_to IS NULL)),
    CHECK (user_id IS NOT NULL OR state = 'CANCELLED'),
    CHECK (state NOT IN ('DISPATCHED', 'DELIVERED') OR (carrier IS NOT NULL AND tracking_number IS NOT NULL))
);
CREATE INDEX shipments_by_user ON shipments (user_id, shipment_id);

CREATE TABLE shipment_items (
    shipment_id uuid NOT NULL REFERENCES shipments,
    line        integer NOT NULL,
    sku         text NOT NULL,
    title       text NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line)
);
