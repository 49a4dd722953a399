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
