-- One-time tokens that set an account's password: one an account, kept as its hash.
CREATE TABLE password_resets (
    user_id     BLOB NOT NULL PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,
    expire_time TEXT NOT NULL
) WITHOUT ROWID;
