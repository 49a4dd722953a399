-- What is to be looked up before a mail is written: whether an address has an account. It is done
-- afterwards, so that the answer and its time are the same for any address; the row is gone then.
CREATE TABLE mail_requests (
    request_id   uuid        PRIMARY KEY,
    action       text        NOT NULL CONSTRAINT mail_requests_action CHECK (action IN ('RESET_PASSWORD', 'CHANGE_EMAIL')),
    email        text        NOT NULL,
    email_key    text        NOT NULL,
    user_id      uuid,
    address      text        NOT NULL,
    user_agent   text        NOT NULL,
    request_time timestamptz NOT NULL
);

CREATE INDEX mail_requests_by_time ON mail_requests (request_time, request_id);
CREATE UNIQUE INDEX mail_requests_of_resets ON mail_requests (email_key) WHERE user_id IS NULL;

-- Mails to accounts, until there is no use in sending them. A token is not here: it follows from the
-- id and the key from the environment.
CREATE TABLE account_mails (
    mail_id     uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    kind        text        NOT NULL CONSTRAINT account_mails_kind CHECK (kind IN ('PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN')),
    email       text        NOT NULL,
    address     text        NOT NULL,
    user_agent  text        NOT NULL,
    create_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL
);

CREATE INDEX account_mails_by_user ON account_mails (user_id);
CREATE INDEX account_mails_by_expire_time ON account_mails (expire_time);

-- The mail that a token went by; none that was shown to an operator.
ALTER TABLE password_resets ADD COLUMN mail_id uuid;

-- Addresses that are being proved. ISSUED: its token was mailed. USED: it has come back, or the address
-- needs none, and svc-users is still to be told; whoever finds the row goes on with it, the recovery
-- loop from `heal_time` on.
CREATE TABLE email_proofs (
    proof_id      uuid        PRIMARY KEY,
    user_id       uuid        NOT NULL,
    token_hash    bytea       UNIQUE,
    current_email text        NOT NULL,
    email         text        NOT NULL,
    state         text        NOT NULL CONSTRAINT email_proofs_state CHECK (state IN ('ISSUED', 'USED')),
    expire_time   timestamptz NOT NULL,
    heal_time     timestamptz,
    CONSTRAINT email_proofs_used CHECK ((state = 'USED') = (heal_time IS NOT NULL))
);

CREATE INDEX email_proofs_by_user ON email_proofs (user_id);
CREATE INDEX email_proofs_to_come ON email_proofs (expire_time) WHERE state = 'ISSUED';
CREATE INDEX email_proofs_to_tell ON email_proofs (heal_time) WHERE state = 'USED';
