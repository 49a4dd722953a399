-- Amounts are minor units of the payment's currency.
CREATE TABLE payments (
    payment_id     BLOB PRIMARY KEY,
    order_id       BLOB NOT NULL CONSTRAINT payments_order UNIQUE,
    user_id        BLOB NOT NULL,
    -- Empty where there was no payment and never will be.
    provider       TEXT NOT NULL,
    provider_ref   TEXT,
    state          TEXT NOT NULL CHECK (state IN (
        'AUTHORIZING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'CLOSING', 'CLOSED', 'DECLINED', 'LAPSED'
    )),
    version        INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount >= 0),
    -- These five are moved by their postings, and by nothing else.
    authorized     INTEGER NOT NULL DEFAULT 0 CHECK (authorized >= 0),
    held           INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    captured       INTEGER NOT NULL DEFAULT 0 CHECK (captured >= 0),
    refunded       INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    disputed       INTEGER NOT NULL DEFAULT 0 CHECK (disputed >= 0),
    -- What operations that are not decided yet are about.
    capturing      INTEGER NOT NULL CHECK (capturing >= 0),
    refunding      INTEGER NOT NULL CHECK (refunding >= 0),
    final_amount   INTEGER CHECK (final_amount >= 0),
    final_reason   TEXT NOT NULL,
    decline_code   TEXT,
    capture_before TEXT,
    -- Erased once its confirmation is definite.
    token_sealed   BLOB,
    return_url     TEXT NOT NULL,
    -- How often the provider was looked at without news.
    looks          INTEGER NOT NULL,
    -- How often the provider told of it, and how much of that was looked at.
    hints          INTEGER NOT NULL,
    hints_heard    INTEGER NOT NULL,
    create_time    TEXT NOT NULL,
    update_time    TEXT NOT NULL,
    -- When somebody has to work on it, unless whoever does is done before.
    due_at         TEXT,
    CONSTRAINT payments_provider_ref UNIQUE (provider, provider_ref),
    CHECK (held + captured <= authorized),
    CHECK (captured + capturing <= authorized),
    CHECK (refunded + refunding <= captured),
    CHECK (provider <> '' OR (state = 'CLOSED' AND provider_ref IS NULL AND authorized = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX payments_by_user ON payments (user_id, payment_id);
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE operations (
    operation_id  BLOB PRIMARY KEY,
    payment_id    BLOB NOT NULL REFERENCES payments,
    -- The place among those of its payment, from 1.
    number        INTEGER NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN (
        'CREATE', 'CONFIRM', 'CAPTURE', 'CANCEL', 'REFUND', 'LAPSE', 'DISPUTE', 'ADJUSTMENT'
    )),
    request_id    BLOB,
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    reason        TEXT NOT NULL,
    attempt       INTEGER NOT NULL CHECK (attempt >= 1),
    state         TEXT NOT NULL CHECK (state IN ('PLANNED', 'SENT', 'SUCCEEDED', 'REFUSED')),
    provider_ref  TEXT,
    provider_code TEXT,
    failures      INTEGER NOT NULL,
    not_before    TEXT,
    create_time   TEXT NOT NULL,
    update_time   TEXT NOT NULL,
    UNIQUE (payment_id, number),
    CONSTRAINT operations_request UNIQUE (payment_id, kind, request_id)
) STRICT, WITHOUT ROWID;

-- What a buyer disputes.
CREATE TABLE disputes (
    dispute_id        BLOB PRIMARY KEY,
    payment_id        BLOB NOT NULL REFERENCES payments,
    provider_ref      TEXT NOT NULL,
    amount            INTEGER NOT NULL CHECK (amount >= 0),
    reason            TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('OPEN', 'WON', 'LOST')),
    evidence_due_time TEXT,
    create_time       TEXT NOT NULL,
    update_time       TEXT NOT NULL,
    UNIQUE (payment_id, provider_ref)
) STRICT, WITHOUT ROWID;

-- What providers told: each once. Without a payment it was told for nobody here.
CREATE TABLE provider_events (
    provider     TEXT NOT NULL,
    event_id     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    payment_id   BLOB,
    receive_time TEXT NOT NULL,
    PRIMARY KEY (provider, event_id)
) STRICT, WITHOUT ROWID;

-- The ledger.
CREATE TABLE postings (
    posting_id   INTEGER PRIMARY KEY,
    operation_id BLOB NOT NULL REFERENCES operations,
    account      TEXT NOT NULL CHECK (account IN (
        'customer', 'hold', 'captured', 'refunded', 'disputed', 'fee'
    )),
    amount       INTEGER NOT NULL CHECK (amount <> 0),
    create_time  TEXT NOT NULL
) STRICT;
CREATE INDEX postings_by_operation ON postings (operation_id);

-- It is appended to, and nothing else. (What REPLACE deletes, no trigger is told of.)
CREATE TRIGGER postings_stay BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings is never changed'); END;
CREATE TRIGGER postings_remain BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings is never changed'); END;
CREATE TRIGGER postings_are_not_replaced BEFORE INSERT ON postings
WHEN EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.posting_id)
BEGIN SELECT RAISE(ABORT, 'postings is never changed'); END;
-- An operation keeps its payment, whose columns its postings have moved.
CREATE TRIGGER operations_stay BEFORE UPDATE OF operation_id, payment_id, kind ON operations
BEGIN SELECT RAISE(ABORT, 'operations is never changed'); END;
CREATE TRIGGER operations_are_not_replaced BEFORE INSERT ON operations
WHEN EXISTS (SELECT 1 FROM operations WHERE operation_id = NEW.operation_id)
BEGIN SELECT RAISE(ABORT, 'operations is never changed'); END;
CREATE TRIGGER payments_stay BEFORE UPDATE OF payment_id, order_id, currency, amount ON payments
BEGIN SELECT RAISE(ABORT, 'payments is never changed'); END;

-- The customer is the counter-account of all others: its posting comes with each of theirs, and with
-- nothing else, so an operation's postings sum to zero at any moment.
CREATE TRIGGER postings_balance BEFORE INSERT ON postings WHEN NEW.account = 'customer'
BEGIN
    SELECT RAISE(ABORT, 'the postings of an operation sum to zero')
    WHERE NEW.amount + COALESCE(
        (SELECT SUM(amount) FROM postings WHERE operation_id = NEW.operation_id), 0) <> 0;
END;

CREATE TRIGGER postings_move AFTER INSERT ON postings WHEN NEW.account <> 'customer'
BEGIN
    INSERT INTO postings (operation_id, account, amount, create_time)
        VALUES (NEW.operation_id, 'customer', -NEW.amount, NEW.create_time);
    UPDATE payments SET
        authorized = authorized + CASE WHEN NEW.account = 'hold' THEN MAX(NEW.amount, 0) ELSE 0 END,
        held = held + CASE WHEN NEW.account = 'hold' THEN NEW.amount ELSE 0 END,
        captured = captured + CASE WHEN NEW.account = 'captured' THEN NEW.amount ELSE 0 END,
        refunded = refunded - CASE WHEN NEW.account = 'refunded' THEN NEW.amount ELSE 0 END,
        disputed = disputed - CASE WHEN NEW.account = 'disputed' THEN NEW.amount ELSE 0 END
    WHERE payment_id = (SELECT payment_id FROM operations WHERE operation_id = NEW.operation_id);
END;

-- The payment says what its postings say; one that is new has none.
CREATE TRIGGER payments_begin BEFORE INSERT ON payments
WHEN (NEW.authorized, NEW.held, NEW.captured, NEW.refunded, NEW.disputed) <> (0, 0, 0, 0, 0)
    OR EXISTS (SELECT 1 FROM payments WHERE payment_id = NEW.payment_id)
BEGIN SELECT RAISE(ABORT, 'a payment is moved by its postings'); END;
CREATE TRIGGER payments_follow BEFORE UPDATE OF authorized, held, captured, refunded, disputed ON payments
BEGIN
    SELECT RAISE(ABORT, 'a payment is moved by its postings')
    FROM (
        SELECT COALESCE(SUM(amount) FILTER (WHERE account = 'hold' AND amount > 0), 0) AS authorized,
            COALESCE(SUM(amount) FILTER (WHERE account = 'hold'), 0) AS held,
            COALESCE(SUM(amount) FILTER (WHERE account = 'captured'), 0) AS captured,
            COALESCE(-SUM(amount) FILTER (WHERE account = 'refunded'), 0) AS refunded,
            COALESCE(-SUM(amount) FILTER (WHERE account = 'disputed'), 0) AS disputed
        FROM postings
        WHERE operation_id IN (SELECT operation_id FROM operations WHERE payment_id = NEW.payment_id)
    ) AS ledger
    WHERE (NEW.authorized, NEW.held, NEW.captured, NEW.refunded, NEW.disputed)
        <> (ledger.authorized, ledger.held, ledger.captured, ledger.refunded, ledger.disputed);
END;
