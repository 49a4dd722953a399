-- Where events are sent to. One that was deleted stays until what was sent there is forgotten.
CREATE TABLE webhooks (
    webhook_id      BLOB PRIMARY KEY,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    -- Names and patterns, as they were given.
    event_types     TEXT NOT NULL,
    state           TEXT NOT NULL
        CONSTRAINT webhooks_state CHECK (state IN ('ENABLED', 'DISABLED', 'DELETED')),
    -- Why it is disabled.
    disabled_reason TEXT,
    -- Since when nothing but failures came of it; NULL after a success.
    failing_since   TEXT,
    version         INTEGER NOT NULL,
    create_time     TEXT NOT NULL,
    update_time     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is sent there is signed with. Sealed: never in the clear.
CREATE TABLE webhook_secrets (
    secret_id    BLOB PRIMARY KEY,
    webhook_id   BLOB NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    sealed       BLOB NOT NULL,
    -- Until when it signs beside the one that replaced it; NULL for the one that holds.
    retire_time  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_secrets_of_webhook ON webhook_secrets (webhook_id);

-- One event for one webhook.
CREATE TABLE deliveries (
    delivery_id BLOB PRIMARY KEY,
    webhook_id  BLOB NOT NULL REFERENCES webhooks,
    event_id    BLOB NOT NULL,
    event_type  TEXT NOT NULL,
    event_time  TEXT NOT NULL,
    -- The very text that is signed and sent.
    payload     TEXT NOT NULL,
    state       TEXT NOT NULL
        CONSTRAINT deliveries_state CHECK (state IN ('PENDING', 'SUCCEEDED', 'EXHAUSTED', 'DISCARDED')),
    -- Grows by one when it is replayed: what came of earlier rounds is nothing to it.
    round       INTEGER NOT NULL,
    -- How many attempts of this round have failed.
    failures    INTEGER NOT NULL,
    -- When it is sent next, or whoever sends it now is given up; NULL at its end.
    due_at      TEXT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    UNIQUE (webhook_id, event_id),
    CONSTRAINT deliveries_due CHECK ((state = 'PENDING') = (due_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due_of_webhook ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_due_all ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, delivery_id);
CREATE INDEX deliveries_ended ON deliveries (update_time) WHERE due_at IS NULL;

-- What came of sending it.
CREATE TABLE attempts (
    attempt_id     BLOB PRIMARY KEY,
    delivery_id    BLOB NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    start_time     TEXT NOT NULL,
    milliseconds   INTEGER NOT NULL,
    -- Of HTTP; NULL if there was no answer, of which error tells.
    status         INTEGER,
    error          TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    -- The beginning of it.
    answer         BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_of_delivery ON attempts (delivery_id, attempt_id);
