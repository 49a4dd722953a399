-- Personal access tokens, kept as their hashes. `session_id` stands for a session in the access
-- tokens that are given for one, so that these are revoked as a session's are; it is replaced when
-- the owner loses a role.
CREATE TABLE access_tokens (
    access_token_id BLOB NOT NULL PRIMARY KEY,
    user_id         BLOB NOT NULL,
    token_hash      BLOB NOT NULL UNIQUE,
    session_id      BLOB NOT NULL,
    name            TEXT NOT NULL,
    roles           TEXT NOT NULL,
    create_time     TEXT NOT NULL,
    expire_time     TEXT NOT NULL,
    last_used_time  TEXT
) WITHOUT ROWID;

CREATE INDEX access_tokens_by_user ON access_tokens (user_id, access_token_id);
CREATE INDEX access_tokens_by_expire_time ON access_tokens (expire_time);
