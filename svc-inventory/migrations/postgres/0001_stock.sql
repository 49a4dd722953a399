CREATE TABLE stock (
    -- "C": in the order of bytes, whatever the locale of the database.
    sku text COLLATE "C" PRIMARY KEY,
    on_hand bigint NOT NULL CHECK (on_hand >= 0),
    reserved bigint NOT NULL CHECK (reserved >= 0),
    allocated bigint NOT NULL CHECK (allocated >= 0),
    version bigint NOT NULL,
    update_time timestamptz NOT NULL,
    CONSTRAINT stock_keeps_its_promises CHECK (reserved + allocated <= on_hand)
    -- Rows change with every order: with room on their page the index need not be touched.
) WITH (fillfactor = 70);

-- What changed the units on hand; the version is the stock's after the change.
CREATE TABLE adjustments (
    sku text COLLATE "C" NOT NULL REFERENCES stock,
    version bigint NOT NULL,
    adjustment_id uuid NOT NULL,
    delta bigint NOT NULL CHECK (delta <> 0),
    reason text NOT NULL,
    actor text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (sku, version)
);

CREATE TABLE reservations (
    order_id uuid PRIMARY KEY,
    state text NOT NULL
        CHECK (state IN ('RESERVED', 'ALLOCATED', 'DISPATCHED', 'RELEASED', 'EXPIRED')),
    version bigint NOT NULL,
    -- When it is given back by itself; none for what was released before it came.
    expire_time timestamptz CHECK (expire_time IS NOT NULL OR state = 'RELEASED'),
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);

CREATE INDEX reservations_due ON reservations (expire_time) WHERE state = 'RESERVED';

CREATE TABLE reservation_lines (
    order_id uuid NOT NULL REFERENCES reservations,
    sku text COLLATE "C" NOT NULL REFERENCES stock,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku)
);
