-- Where events are sent to. One that was deleted stays until what was sent there is forgotten.
CREATE TABLE webhooks (
    webhook_id      uuid PRIMARY KEY,
    url             text NOT NULL,
    description     text NOT NULL,
    -- Names and patterns, as they were given.
    event_types     jsonb NOT NULL,
    state           text NOT NULL
        CONSTRAINT webhooks_state CHECK (state IN ('ENABLED', 'DISABLED', 'DELETED')),
    -- Why it is disabled.
    disabled_reason text,
    -- Since when nothing but failures came of it; NULL after a success.
    failing_since   timestamptz,
    version         bigint NOT NULL,
    create_time     timestamptz NOT NULL,
    update_time     timestamptz NOT NULL
);

-- What is sent there is signed with. Sealed: never in the clear.
CREATE TABLE webhook_secrets (
    secret_id    uuid PRIMARY KEY,
    webhook_id   uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    sealed       bytea NOT NULL,
    -- Until when it signs beside the one that replaced it; NULL for the one that holds.
    retire_time  timestamptz
);
CREATE INDEX webhook_secrets_of_webhook ON webhook_secrets (webhook_id);

-- One event for one webhook.
CREATE TABLE deliveries (
    delivery_id uuid PRIMARY KEY,
    webhook_id  uuid NOT NULL REFERENCES webhooks,
    event_id    uuid NOT NULL,
    event_type  text NOT NULL,
    event_time  timestamptz NOT NULL,
    -- The very text that is signed and sent.
    payload     text NOT NULL,
    state       text NOT NULL
        CONSTRAINT deliveries_state CHECK (state IN ('PENDING', 'SUCCEEDED', 'EXHAUSTED', 'DISCARDED')),
    -- Grows by one when it is replayed: what came of earlier rounds is nothing to it.
    round       bigint NOT NULL,
    -- How many attempts of this round have failed.
    failures    integer NOT NULL,
    -- When it is sent next, or whoever sends it now is given up; NULL at its end.
    due_at      timestamptz,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    UNIQUE (webhook_id, event_id),
    CONSTRAINT deliveries_due CHECK ((state = 'PENDING') = (due_at IS NOT NULL))
);
CREATE INDEX deliveries_due_of_webhook ON deliveries (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_due_all ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, delivery_id);
CREATE INDEX deliveries_ended ON deliveries (update_time) WHERE due_at IS NULL;

-- What came of sending it.
CREATE TABLE attempts (
    attempt_id     uuid PRIMARY KEY,
    delivery_id    uuid NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    start_time     timestamptz NOT NULL,
    milliseconds   bigint NOT NULL,
    -- Of HTTP; NULL if there was no answer, of which error tells.
    status         integer,
    error          text NOT NULL,
    remote_address text NOT NULL,
    -- The beginning of it.
    answer         bytea NOT NULL
);
CREATE INDEX attempts_of_delivery ON attempts (delivery_id, attempt_id);
