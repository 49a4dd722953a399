-- Who somebody is elsewhere, and whose account that signs in to. An identity is known by its issuer and
-- its name there, by nothing else.
CREATE TABLE external_identities (
    external_identity_id BLOB NOT NULL PRIMARY KEY,
    issuer               TEXT NOT NULL,
    subject              TEXT NOT NULL,
    user_id              BLOB NOT NULL,
    create_time          TEXT NOT NULL,
    CONSTRAINT external_identities_once UNIQUE (issuer, subject)
) WITHOUT ROWID;

CREATE INDEX external_identities_by_user ON external_identities (user_id, external_identity_id);

-- Who was sent to a provider and is to come back: state and the browser's token as their hashes. With
-- `user_id` the identity is to be linked to that account, as long as it has this password, which is known
-- here by a hash of its hash.
CREATE TABLE external_logins (
    state_hash    BLOB NOT NULL PRIMARY KEY,
    browser_hash  BLOB NOT NULL,
    provider      TEXT NOT NULL,
    user_id       BLOB,
    password_mark BLOB,
    expire_time   TEXT NOT NULL,
    CONSTRAINT external_logins_parts CHECK ((user_id IS NULL) = (password_mark IS NULL))
) WITHOUT ROWID;

CREATE INDEX external_logins_by_user ON external_logins (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX external_logins_by_expire_time ON external_logins (expire_time);

-- Its owner is told of an identity that is linked. SQLite cannot change a check, so the table is made anew.
CREATE TABLE new_account_mails (
    mail_id     BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    kind        TEXT        NOT NULL CONSTRAINT account_mails_kind CHECK (kind IN (
    'PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN', 'PASSWORD_CHANGED',
    'SECOND_FACTOR_ENABLED', 'SECOND_FACTOR_DISABLED', 'SECOND_FACTOR_REMOVED', 'RECOVERY_CODE_USED',
    'ACCESS_TOKEN_CREATED', 'IDENTITY_LINKED'
)),
    email       TEXT        NOT NULL,
    address     TEXT        NOT NULL,
    user_agent  TEXT        NOT NULL,
    create_time TEXT        NOT NULL,
    expire_time TEXT        NOT NULL
) WITHOUT ROWID;

INSERT INTO new_account_mails (mail_id, user_id, kind, email, address, user_agent, create_time, expire_time)
SELECT mail_id, user_id, kind, email, address, user_agent, create_time, expire_time FROM account_mails;

DROP TABLE account_mails;
ALTER TABLE new_account_mails RENAME TO account_mails;

CREATE INDEX account_mails_by_user ON account_mails (user_id);
CREATE INDEX account_mails_by_expire_time ON account_mails (expire_time);
