-- How often an event was published again for a bus that had lost it, which may have heard of its id.
ALTER TABLE outbox ADD COLUMN publication bigint NOT NULL DEFAULT 0;
