-- What is kept for a time only is found by its age.
CREATE INDEX provider_events_received ON provider_events (receive_time);
CREATE INDEX sandbox_events_told ON sandbox_events (create_time) WHERE times <= 0;
CREATE INDEX sandbox_events_by_intent ON sandbox_events (intent_ref);
-- Those of before count from now on.
ALTER TABLE sandbox_keys ADD COLUMN create_time timestamptz NOT NULL DEFAULT now();
CREATE INDEX sandbox_keys_created ON sandbox_keys (create_time);
CREATE INDEX sandbox_intents_without_money ON sandbox_intents (create_time) WHERE captured = 0;
