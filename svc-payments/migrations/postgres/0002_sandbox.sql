-- What the built-in provider knows. Nothing else reads it, as nothing else reads a provider's tables.
CREATE TABLE sandbox_intents (
    provider_ref   text PRIMARY KEY,
    payment_id     uuid NOT NULL,
    order_id       uuid NOT NULL,
    action_id      text NOT NULL UNIQUE,
    status         text NOT NULL,
    decline_code   text,
    currency       text NOT NULL,
    amount         bigint NOT NULL,
    held           bigint NOT NULL,
    captured       bigint NOT NULL,
    -- What it was confirmed with: a name that says how it behaves.
    token          text,
    return_url     text,
    capture_before timestamptz,
    -- When it changes by itself.
    change_time    timestamptz,
    create_time    timestamptz NOT NULL
);
CREATE INDEX sandbox_intents_change ON sandbox_intents (change_time) WHERE change_time IS NOT NULL;

CREATE TABLE sandbox_refunds (
    provider_ref text PRIMARY KEY,
    intent_ref   text NOT NULL REFERENCES sandbox_intents,
    refund_id    uuid NOT NULL,
    amount       bigint NOT NULL,
    status       text NOT NULL,
    change_time  timestamptz
);
CREATE INDEX sandbox_refunds_by_intent ON sandbox_refunds (intent_ref, provider_ref);
CREATE INDEX sandbox_refunds_change ON sandbox_refunds (change_time) WHERE change_time IS NOT NULL;

CREATE TABLE sandbox_disputes (
    provider_ref text PRIMARY KEY,
    intent_ref   text NOT NULL REFERENCES sandbox_intents,
    amount       bigint NOT NULL,
    status       text NOT NULL,
    change_time  timestamptz,
    create_time  timestamptz NOT NULL
);
CREATE INDEX sandbox_disputes_by_intent ON sandbox_disputes (intent_ref, provider_ref);
CREATE INDEX sandbox_disputes_change ON sandbox_disputes (change_time) WHERE change_time IS NOT NULL;

-- What was answered under a key: asked again, it is answered again.
CREATE TABLE sandbox_keys (
    key         text PRIMARY KEY,
    object_ref  text NOT NULL,
    -- A definite refusal, or `lost` for one that is never answered.
    refusal     text
);

-- Events to be told.
CREATE TABLE sandbox_events (
    event_id     text PRIMARY KEY,
    kind         text NOT NULL,
    intent_ref   text NOT NULL REFERENCES sandbox_intents,
    -- How often it is told still; told again it is the same event.
    times        bigint NOT NULL,
    deliver_time timestamptz NOT NULL,
    create_time  timestamptz NOT NULL
);
CREATE INDEX sandbox_events_due ON sandbox_events (deliver_time) WHERE times > 0;
