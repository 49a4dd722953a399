-- What the built-in provider knows. Nothing else reads it, as nothing else reads a provider's tables.
CREATE TABLE sandbox_intents (
    provider_ref   TEXT PRIMARY KEY,
    payment_id     BLOB NOT NULL,
    order_id       BLOB NOT NULL,
    action_id      TEXT NOT NULL UNIQUE,
    status         TEXT NOT NULL,
    decline_code   TEXT,
    currency       TEXT NOT NULL,
    amount         INTEGER NOT NULL,
    held           INTEGER NOT NULL,
    captured       INTEGER NOT NULL,
    -- What it was confirmed with: a name that says how it behaves.
    token          TEXT,
    return_url     TEXT,
    capture_before TEXT,
    -- When it changes by itself.
    change_time    TEXT,
    create_time    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sandbox_intents_change ON sandbox_intents (change_time) WHERE change_time IS NOT NULL;

CREATE TABLE sandbox_refunds (
    provider_ref TEXT PRIMARY KEY,
    intent_ref   TEXT NOT NULL REFERENCES sandbox_intents,
    refund_id    BLOB NOT NULL,
    amount       INTEGER NOT NULL,
    status       TEXT NOT NULL,
    change_time  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sandbox_refunds_by_intent ON sandbox_refunds (intent_ref, provider_ref);
CREATE INDEX sandbox_refunds_change ON sandbox_refunds (change_time) WHERE change_time IS NOT NULL;

CREATE TABLE sandbox_disputes (
    provider_ref TEXT PRIMARY KEY,
    intent_ref   TEXT NOT NULL REFERENCES sandbox_intents,
    amount       INTEGER NOT NULL,
    status       TEXT NOT NULL,
    change_time  TEXT,
    create_time  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sandbox_disputes_by_intent ON sandbox_disputes (intent_ref, provider_ref);
CREATE INDEX sandbox_disputes_change ON sandbox_disputes (change_time) WHERE change_time IS NOT NULL;

-- What was answered under a key: asked again, it is answered again.
CREATE TABLE sandbox_keys (
    key         TEXT PRIMARY KEY,
    object_ref  TEXT NOT NULL,
    -- A definite refusal, or `lost` for one that is never answered.
    refusal     TEXT
) STRICT, WITHOUT ROWID;

-- Events to be told.
CREATE TABLE sandbox_events (
    event_id     TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    intent_ref   TEXT NOT NULL REFERENCES sandbox_intents,
    -- How often it is told still; told again it is the same event.
    times        INTEGER NOT NULL,
    deliver_time TEXT NOT NULL,
    create_time  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sandbox_events_due ON sandbox_events (deliver_time) WHERE times > 0;
