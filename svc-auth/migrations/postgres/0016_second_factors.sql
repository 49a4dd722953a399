-- Secrets of authenticator apps, sealed under the key from the environment. Without `enable_time`
-- one waits for its first code until `expire_time`. `last_step` is the latest of the 30-second steps
-- whose code was used.
CREATE TABLE second_factors (
    user_id       uuid        PRIMARY KEY,
    sealed_secret bytea       NOT NULL,
    last_step     bigint      NOT NULL,
    expire_time   timestamptz,
    enable_time   timestamptz,
    CONSTRAINT second_factors_parts CHECK ((enable_time IS NULL) <> (expire_time IS NULL))
);

CREATE INDEX second_factors_by_expire_time ON second_factors (expire_time) WHERE expire_time IS NOT NULL;

-- Codes that sign in once in place of an authenticator app, kept as their hashes.
CREATE TABLE recovery_codes (
    user_id   uuid  NOT NULL,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- Who has given the right password, and has to prove the second factor: good as long as the account
-- has this password, which is known here by a hash of its hash.
CREATE TABLE second_factor_logins (
    token_hash    bytea       PRIMARY KEY,
    user_id       uuid        NOT NULL,
    password_mark bytea       NOT NULL,
    expire_time   timestamptz NOT NULL
);

CREATE INDEX second_factor_logins_by_user ON second_factor_logins (user_id);
CREATE INDEX second_factor_logins_by_expire_time ON second_factor_logins (expire_time);

-- Whether the operator signed in, by a key: of its sessions no second factor is asked.
ALTER TABLE sessions ADD COLUMN by_key boolean NOT NULL DEFAULT false;
