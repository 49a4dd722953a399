-- An account is told of what is done with its password, its second factor and its tokens. SQLite cannot
-- change a check, so the table is made anew.
CREATE TABLE new_account_mails (
    mail_id     BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    kind        TEXT        NOT NULL CONSTRAINT account_mails_kind CHECK (kind IN (
    'PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN', 'PASSWORD_CHANGED',
    'SECOND_FACTOR_ENABLED', 'SECOND_FACTOR_DISABLED', 'SECOND_FACTOR_REMOVED', 'RECOVERY_CODE_USED',
    'ACCESS_TOKEN_CREATED'
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
