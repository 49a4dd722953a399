-- Personal access tokens, kept as their hashes. `session_id` stands for a session in the access
-- tokens that are given for one, so that these are revoked as a session's are; it is replaced when
-- the owner loses a role.
CREATE TABLE access_tokens (
    access_token_id uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL,
    token_hash      bytea       NOT NULL UNIQUE,
    session_id      uuid        NOT NULL,
    name            text        NOT NULL,
    roles           jsonb       NOT NULL,
    create_time     timestamptz NOT NULL,
    expire_time     timestamptz NOT NULL,
    last_used_time  timestamptz
);

CREATE INDEX access_tokens_by_user ON access_tokens (user_id, access_token_id);
CREATE INDEX access_tokens_by_expire_time ON access_tokens (expire_time);
