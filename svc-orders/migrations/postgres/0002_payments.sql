ALTER TABLE orders DROP CONSTRAINT orders_state_check;
ALTER TABLE orders DROP CONSTRAINT orders_check;
ALTER TABLE orders ADD CONSTRAINT orders_state_check CHECK (state IN (
    'PENDING', 'AWAITING_PAYMENT', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'REJECTING', 'REJECTED',
    'CANCELLING', 'CANCELLED', 'RETURNED'
));
ALTER TABLE orders ADD CONSTRAINT orders_recovery_check CHECK (
    (state IN ('PENDING', 'AWAITING_PAYMENT', 'REJECTING', 'CANCELLING')) = (recovery_time IS NOT NULL)
);
-- What was heard of the order's money; NULL if it is not paid here.
ALTER TABLE orders ADD COLUMN funds jsonb;

-- What an order that is not in progress still has to ask of others.
CREATE TABLE order_tasks (
    order_id     uuid NOT NULL REFERENCES orders,
    kind         text NOT NULL CHECK (kind IN ('CAPTURE')),
    -- What the callee knows it by: the shipment of a capture.
    request_id   uuid NOT NULL,
    -- When it is taken up.
    due_time     timestamptz NOT NULL,
    attempts     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, kind, request_id)
);
CREATE INDEX order_tasks_by_due_time ON order_tasks (due_time);
