-- Events of this service's changes, written with them. due_at: when the relay may next try;
-- null once it is published or dead. A lease moves due_at forward.
CREATE TABLE outbox (
    id blob NOT NULL PRIMARY KEY,
    subject text NOT NULL,
    aggregate_id text NOT NULL,
    version integer NOT NULL,
    time text NOT NULL,
    data blob NOT NULL,
    trace text NOT NULL,
    due_at text,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    why text,
    published_at text,
    dead_at text,
    dead_group text
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;

-- Events whose effect is in this database, by the work group that had it.
CREATE TABLE inbox (
    event_id blob NOT NULL,
    work_group text NOT NULL,
    received_at text NOT NULL,
    PRIMARY KEY (event_id, work_group)
) WITHOUT ROWID;
CREATE INDEX inbox_received ON inbox (received_at);

-- Calls with an idempotency key: claimed under a lease, then answered. code: a google.rpc.Code;
-- reply: the reply's message, or the details of the refusal.
CREATE TABLE idempotency (
    caller text NOT NULL,
    method text NOT NULL,
    key text NOT NULL,
    request_hash blob NOT NULL,
    lease_until text NOT NULL,
    resource_id text,
    code integer,
    message text,
    reply blob,
    created_at text NOT NULL,
    PRIMARY KEY (caller, method, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
