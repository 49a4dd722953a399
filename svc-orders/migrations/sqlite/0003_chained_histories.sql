-- Each event commits to the one before it, and is signed: docs/AUDIT.md. Events of before have no
-- hash yet: the service gives them one after its start, and notes when.
-- Erased together with actor and reason, to which the commitment is then all that is left.
ALTER TABLE order_events ADD COLUMN salt BLOB;
ALTER TABLE order_events ADD COLUMN commitment BLOB;
ALTER TABLE order_events ADD COLUMN previous_hash BLOB;
ALTER TABLE order_events ADD COLUMN hash BLOB;
ALTER TABLE order_events ADD COLUMN signature BLOB;
ALTER TABLE order_events ADD COLUMN adopt_time TEXT;
-- Signs that salt, actor and reason were erased by who may.
ALTER TABLE order_events ADD COLUMN erasure_signature BLOB;
CREATE INDEX order_events_without_hash ON order_events (order_id) WHERE hash IS NULL;
CREATE INDEX order_events_by_actor ON order_events (actor);
