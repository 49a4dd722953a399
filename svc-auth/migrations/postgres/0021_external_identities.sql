-- Who somebody is elsewhere, and whose account that signs in to. An identity is known by its issuer and
-- its name there, by nothing else.
CREATE TABLE external_identities (
    external_identity_id uuid NOT NULL PRIMARY KEY,
    issuer               text NOT NULL,
    subject              text NOT NULL,
    user_id              uuid NOT NULL,
    create_time          timestamptz NOT NULL,
    CONSTRAINT external_identities_once UNIQUE (issuer, subject)
);

CREATE INDEX external_identities_by_user ON external_identities (user_id, external_identity_id);

-- Who was sent to a provider and is to come back: state and the browser's token as their hashes. With
-- `user_id` the identity is to be linked to that account, as long as it has this password, which is known
-- here by a hash of its hash.
CREATE TABLE external_logins (
    state_hash    bytea NOT NULL PRIMARY KEY,
    browser_hash  bytea NOT NULL,
    provider      text NOT NULL,
    user_id       uuid,
    password_mark bytea,
    expire_time   timestamptz NOT NULL,
    CONSTRAINT external_logins_parts CHECK ((user_id IS NULL) = (password_mark IS NULL))
);

CREATE INDEX external_logins_by_user ON external_logins (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX external_logins_by_expire_time ON external_logins (expire_time);

-- Its owner is told of an identity that is linked.
ALTER TABLE account_mails DROP CONSTRAINT account_mails_kind;
ALTER TABLE account_mails ADD CONSTRAINT account_mails_kind CHECK (kind IN (
    'PASSWORD_RESET', 'EMAIL_VERIFICATION', 'EMAIL_CHANGED', 'NEW_SIGN_IN', 'PASSWORD_CHANGED',
    'SECOND_FACTOR_ENABLED', 'SECOND_FACTOR_DISABLED', 'SECOND_FACTOR_REMOVED', 'RECOVERY_CODE_USED',
    'ACCESS_TOKEN_CREATED', 'IDENTITY_LINKED'
));
