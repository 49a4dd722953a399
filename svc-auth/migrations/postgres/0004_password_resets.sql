-- One-time tokens that set an account's password: one an account, kept as its hash.
CREATE TABLE password_resets (
    user_id     uuid        PRIMARY KEY,
    token_hash  bytea       NOT NULL UNIQUE,
    expire_time timestamptz NOT NULL
);
