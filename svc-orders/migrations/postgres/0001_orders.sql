CREATE TABLE orders (
    order_id           uuid PRIMARY KEY,
    user_id            uuid NOT NULL,
    external_reference text,
    state              text NOT NULL CHECK (state IN (
        'PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'REJECTED', 'CANCELLING', 'CANCELLED', 'RETURNED'
    )),
    -- The sequence number of the order's last event.
    version            bigint NOT NULL,
    currency           text NOT NULL,
    total_minor        bigint NOT NULL,
    ship_to            jsonb NOT NULL,
    rejection_reason   text,
    -- The refusal's details, as the callee encoded them.
    rejection_details  bytea,
    create_time        timestamptz NOT NULL,
    update_time        timestamptz NOT NULL,
    -- When recovery takes the order up, unless whoever works on it is done before.
    recovery_time      timestamptz,
    attempts           bigint NOT NULL DEFAULT 0,
    CHECK ((state IN ('PENDING', 'CANCELLING')) = (recovery_time IS NOT NULL))
);
CREATE INDEX orders_by_user ON orders (user_id, order_id);
CREATE UNIQUE INDEX orders_by_external_reference ON orders (external_reference, user_id)
    WHERE external_reference IS NOT NULL;
CREATE INDEX orders_by_recovery_time ON orders (recovery_time) WHERE recovery_time IS NOT NULL;

CREATE TABLE order_items (
    order_id         uuid NOT NULL REFERENCES orders,
    line             integer NOT NULL,
    sku              text NOT NULL,
    title            text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE order_events (
    order_id    uuid NOT NULL REFERENCES orders,
    sequence    bigint NOT NULL,
    old_state   text,
    new_state   text NOT NULL,
    actor       text NOT NULL,
    reason      text NOT NULL,
    create_time timestamptz NOT NULL,
    PRIMARY KEY (order_id, sequence)
);
