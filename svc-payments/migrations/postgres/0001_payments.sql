-- Amounts are minor units of the payment's currency.
CREATE TABLE payments (
    payment_id     uuid PRIMARY KEY,
    order_id       uuid NOT NULL CONSTRAINT payments_order UNIQUE,
    user_id        uuid NOT NULL,
    -- Empty where there was no payment and never will be.
    provider       text NOT NULL,
    provider_ref   text,
    state          text NOT NULL CHECK (state IN (
        'AUTHORIZING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'CLOSING', 'CLOSED', 'DECLINED', 'LAPSED'
    )),
    version        bigint NOT NULL,
    currency       text NOT NULL,
    amount         bigint NOT NULL CHECK (amount >= 0),
    -- These five are moved by their postings, and by nothing else.
    authorized     bigint NOT NULL DEFAULT 0 CHECK (authorized >= 0),
    held           bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    captured       bigint NOT NULL DEFAULT 0 CHECK (captured >= 0),
    refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    disputed       bigint NOT NULL DEFAULT 0 CHECK (disputed >= 0),
    -- What operations that are not decided yet are about.
    capturing      bigint NOT NULL CHECK (capturing >= 0),
    refunding      bigint NOT NULL CHECK (refunding >= 0),
    final_amount   bigint CHECK (final_amount >= 0),
    final_reason   text NOT NULL,
    decline_code   text,
    capture_before timestamptz,
    -- Erased once its confirmation is definite.
    token_sealed   bytea,
    return_url     text NOT NULL,
    -- How often the provider was looked at without news.
    looks          bigint NOT NULL,
    -- How often the provider told of it, and how much of that was looked at.
    hints          bigint NOT NULL,
    hints_heard    bigint NOT NULL,
    create_time    timestamptz NOT NULL,
    update_time    timestamptz NOT NULL,
    -- When somebody has to work on it, unless whoever does is done before.
    due_at         timestamptz,
    CONSTRAINT payments_provider_ref UNIQUE (provider, provider_ref),
    CHECK (held + captured <= authorized),
    CHECK (captured + capturing <= authorized),
    CHECK (refunded + refunding <= captured),
    CHECK (provider <> '' OR (state = 'CLOSED' AND provider_ref IS NULL AND authorized = 0))
);
CREATE INDEX payments_by_user ON payments (user_id, payment_id);
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE operations (
    operation_id  uuid PRIMARY KEY,
    payment_id    uuid NOT NULL REFERENCES payments,
    -- The place among those of its payment, from 1.
    number        bigint NOT NULL,
    kind          text NOT NULL CHECK (kind IN (
        'CREATE', 'CONFIRM', 'CAPTURE', 'CANCEL', 'REFUND', 'LAPSE', 'DISPUTE', 'ADJUSTMENT'
    )),
    request_id    uuid,
    amount        bigint NOT NULL CHECK (amount >= 0),
    reason        text NOT NULL,
    attempt       integer NOT NULL CHECK (attempt >= 1),
    state         text NOT NULL CHECK (state IN ('PLANNED', 'SENT', 'SUCCEEDED', 'REFUSED')),
    provider_ref  text,
    provider_code text,
    failures      bigint NOT NULL,
    not_before    timestamptz,
    create_time   timestamptz NOT NULL,
    update_time   timestamptz NOT NULL,
    UNIQUE (payment_id, number),
    CONSTRAINT operations_request UNIQUE (payment_id, kind, request_id)
);

-- What a buyer disputes.
CREATE TABLE disputes (
    dispute_id        uuid PRIMARY KEY,
    payment_id        uuid NOT NULL REFERENCES payments,
    provider_ref      text NOT NULL,
    amount            bigint NOT NULL CHECK (amount >= 0),
    reason            text NOT NULL,
    status            text NOT NULL CHECK (status IN ('OPEN', 'WON', 'LOST')),
    evidence_due_time timestamptz,
    create_time       timestamptz NOT NULL,
    update_time       timestamptz NOT NULL,
    UNIQUE (payment_id, provider_ref)
);

-- What providers told: each once. Without a payment it was told for nobody here.
CREATE TABLE provider_events (
    provider     text NOT NULL,
    event_id     text NOT NULL,
    kind         text NOT NULL,
    payment_id   uuid,
    receive_time timestamptz NOT NULL,
    PRIMARY KEY (provider, event_id)
);

-- The ledger.
CREATE TABLE postings (
    posting_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_id uuid NOT NULL REFERENCES operations,
    account      text NOT NULL CHECK (account IN (
        'customer', 'hold', 'captured', 'refunded', 'disputed', 'fee'
    )),
    amount       bigint NOT NULL CHECK (amount <> 0),
    create_time  timestamptz NOT NULL
);
CREATE INDEX postings_by_operation ON postings (operation_id);

-- It is appended to, and nothing else.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER postings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- An operation keeps its payment, whose columns its postings have moved.
CREATE TRIGGER operations_stay BEFORE UPDATE OF operation_id, payment_id, kind ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_stay BEFORE UPDATE OF payment_id, order_id, currency, amount ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The customer is the counter-account of all others: its posting comes with each of theirs, and with
-- nothing else, so an operation's postings sum to zero at any moment.
CREATE FUNCTION check_counter_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount + COALESCE(
        (SELECT SUM(amount) FROM postings WHERE operation_id = NEW.operation_id), 0) <> 0
    THEN
        RAISE EXCEPTION 'the postings of an operation sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER postings_balance BEFORE INSERT ON postings FOR EACH ROW
    WHEN (NEW.account = 'customer') EXECUTE FUNCTION check_counter_posting();

CREATE FUNCTION move_by_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO postings (operation_id, account, amount, create_time)
        VALUES (NEW.operation_id, 'customer', -NEW.amount, NEW.create_time);
    UPDATE payments SET
        authorized = authorized + CASE WHEN NEW.account = 'hold' THEN GREATEST(NEW.amount, 0) ELSE 0 END,
        held = held + CASE WHEN NEW.account = 'hold' THEN NEW.amount ELSE 0 END,
        captured = captured + CASE WHEN NEW.account = 'captured' THEN NEW.amount ELSE 0 END,
        refunded = refunded - CASE WHEN NEW.account = 'refunded' THEN NEW.amount ELSE 0 END,
        disputed = disputed - CASE WHEN NEW.account = 'disputed' THEN NEW.amount ELSE 0 END
    WHERE payment_id = (SELECT payment_id FROM operations WHERE operation_id = NEW.operation_id);
    RETURN NULL;
END $$;
CREATE TRIGGER postings_move AFTER INSERT ON postings FOR EACH ROW
    WHEN (NEW.account <> 'customer') EXECUTE FUNCTION move_by_posting();

-- The payment says what its postings say.
CREATE FUNCTION check_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ledger record;
BEGIN
    SELECT COALESCE(SUM(amount) FILTER (WHERE account = 'hold' AND amount > 0), 0) AS authorized,
        COALESCE(SUM(amount) FILTER (WHERE account = 'hold'), 0) AS held,
        COALESCE(SUM(amount) FILTER (WHERE account = 'captured'), 0) AS captured,
        COALESCE(-SUM(amount) FILTER (WHERE account = 'refunded'), 0) AS refunded,
        COALESCE(-SUM(amount) FILTER (WHERE account = 'disputed'), 0) AS disputed
    INTO ledger FROM postings
    WHERE operation_id IN (SELECT operation_id FROM operations WHERE payment_id = NEW.payment_id);
    IF (NEW.authorized, NEW.held, NEW.captured, NEW.refunded, NEW.disputed) IS DISTINCT FROM
        (ledger.authorized, ledger.held, ledger.captured, ledger.refunded, ledger.disputed)
    THEN
        RAISE EXCEPTION 'a payment is moved by its postings' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_follow BEFORE INSERT OR UPDATE OF authorized, held, captured, refunded, disputed
    ON payments FOR EACH ROW EXECUTE FUNCTION check_ledger();
