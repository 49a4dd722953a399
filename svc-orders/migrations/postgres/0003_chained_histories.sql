-- Each event commits to the one before it, and is signed: docs/AUDIT.md. Events of before have no
-- hash yet: the service gives them one after its start, and notes when.
ALTER TABLE order_events
    -- Erased together with actor and reason, to which the commitment is then all that is left.
    ADD COLUMN salt              bytea,
    ADD COLUMN commitment        bytea,
    ADD COLUMN previous_hash     bytea,
    ADD COLUMN hash              bytea,
    ADD COLUMN signature         bytea,
    ADD COLUMN adopt_time        timestamptz,
    -- Signs that salt, actor and reason were erased by who may.
    ADD COLUMN erasure_signature bytea;
CREATE INDEX order_events_without_hash ON order_events (order_id) WHERE hash IS NULL;
CREATE INDEX order_events_by_actor ON order_events (actor);
