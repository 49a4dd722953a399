-- What is to be looked up before a mail is written: whether an address has an account. It is done
-- afterwards, so that the answer and its time are the same for any address; the row is gone then.
CREATE TABLE mail_requests (
    request_id   BLOB        NOT NULL PRIMARY KEY,
    action       TEXT        NOT NULL CONSTRAINT mail_requests_action CHECK (action IN ('RESET_PASSWORD', 'CHANGE_EMAIL')),
    email        TEXT        NOT NULL,
    email_key    TEXT        NOT NULL,
    user_id      BLOB,
    address      TEXT        NOT NULL,
    user_agent   TEXT        NOT NULL,
    request_time TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX mail_requests_by_time ON mail_requests (request_time, request_id);
CREATE UNIQUE INDEX mail_requests_of_resets ON mail_requests (email_key) WHERE user_id IS NULL;

-- Mails to accounts, until there is no use in sending them. A token is not here: it follows from the
-- id and the key from the environment.
CREATE TABLE account_mails (
    mail_id     BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    kind        TEXT        NOT NULL CONSTRAINT account_mails_kind CHECK (kind IN ('PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN')),
    email       TEXT        NOT NULL,
    address     TEXT        NOT NULL,
    user_agent  TEXT        NOT NULL,
    create_time TEXT        NOT NULL,
    expire_time TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX account_mails_by_user ON account_mails (user_id);
CREATE INDEX account_mails_by_expire_time ON account_mails (expire_time);

-- The mail that a token went by; none that was shown to an operator.
ALTER TABLE password_resets ADD COLUMN mail_id BLOB;

-- Addresses that are being proved. ISSUED: its token was mailed. USED: it has come back, or the address
-- needs none, and svc-users is still to be told; whoever finds the row goes on with it, the recovery
-- loop from `heal_time` on.
CREATE TABLE email_proofs (
    proof_id      BLOB        NOT NULL PRIMARY KEY,
    user_id       BLOB        NOT NULL,
    token_hash    BLOB        UNIQUE,
    current_email TEXT        NOT NULL,
    email         TEXT        NOT NULL,
    state         TEXT        NOT NULL CONSTRAINT email_proofs_state CHECK (state IN ('ISSUED', 'USED')),
    expire_time   TEXT        NOT NULL,
    heal_time     TEXT,
    CONSTRAINT email_proofs_used CHECK ((state = 'USED') = (heal_time IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX email_proofs_by_user ON email_proofs (user_id);
CREATE INDEX email_proofs_to_come ON email_proofs (expire_time) WHERE state = 'ISSUED';
CREATE INDEX email_proofs_to_tell ON email_proofs (heal_time) WHERE state = 'USED';
