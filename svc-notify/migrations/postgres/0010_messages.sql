-- Mails: which, to whom, about what. Neither an address nor a word of a mail is here: both are asked for
-- when it is sent.
CREATE TABLE messages (
    message_id  uuid PRIMARY KEY,
    event_id    uuid NOT NULL,
    template    text NOT NULL,
    recipient   text NOT NULL, -- users/ID, or orders/ID: the order's buyer
    user_id     uuid,          -- once it is known
    order_id    uuid,
    shipment_id uuid,
    mail_id     uuid,          -- of a mail to an account, by which svc-auth knows it
    currency    text,
    amount      bigint,
    state       text NOT NULL CHECK (state IN ('PENDING', 'SENT', 'FAILED', 'REFUSED', 'DISCARDED')),
    round       integer NOT NULL DEFAULT 0,
    attempts    integer NOT NULL DEFAULT 0,
    since       timestamptz NOT NULL,
    detail      text NOT NULL DEFAULT '',
    due_at      timestamptz,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    UNIQUE (event_id, template, recipient),
    CHECK ((currency IS NULL) = (amount IS NULL)),
    CHECK ((state = 'PENDING') = (due_at IS NOT NULL))
);
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_user ON messages (user_id, message_id);
CREATE INDEX messages_by_state ON messages (state, message_id);
CREATE INDEX messages_by_age ON messages (update_time) WHERE due_at IS NULL;

-- Addresses that were refused for good, by their hash under a key that is not here.
CREATE TABLE suppressions (
    suppression_id uuid PRIMARY KEY,
    address_hash   bytea NOT NULL UNIQUE,
    user_id        uuid NOT NULL,
    message_id     uuid NOT NULL,
    detail         text NOT NULL,
    create_time    timestamptz NOT NULL
);
CREATE INDEX suppressions_by_user ON suppressions (user_id, suppression_id);
