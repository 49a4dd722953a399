-- Mails: which, to whom, about what. Neither an address nor a word of a mail is here: both are asked for
-- when it is sent.
CREATE TABLE messages (
    message_id  BLOB PRIMARY KEY,
    event_id    BLOB NOT NULL,
    template    TEXT NOT NULL,
    recipient   TEXT NOT NULL, -- users/ID, or orders/ID: the order's buyer
    user_id     BLOB,          -- once it is known
    order_id    BLOB,
    shipment_id BLOB,
    mail_id     BLOB,          -- of a mail to an account, by which svc-auth knows it
    currency    TEXT,
    amount      INTEGER,
    state       TEXT NOT NULL CHECK (state IN ('PENDING', 'SENT', 'FAILED', 'REFUSED', 'DISCARDED')),
    round       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    since       TEXT NOT NULL,
    detail      TEXT NOT NULL DEFAULT '',
    due_at      TEXT,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    UNIQUE (event_id, template, recipient),
    CHECK ((currency IS NULL) = (amount IS NULL)),
    CHECK ((state = 'PENDING') = (due_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_user ON messages (user_id, message_id);
CREATE INDEX messages_by_state ON messages (state, message_id);
CREATE INDEX messages_by_age ON messages (update_time) WHERE due_at IS NULL;

-- Addresses that were refused for good, by their hash under a key that is not here.
CREATE TABLE suppressions (
    suppression_id BLOB PRIMARY KEY,
    address_hash   BLOB NOT NULL UNIQUE,
    user_id        BLOB NOT NULL,
    message_id     BLOB NOT NULL,
    detail         TEXT NOT NULL,
    create_time    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_by_user ON suppressions (user_id, suppression_id);
