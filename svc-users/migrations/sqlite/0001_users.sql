-- Accounts. `email_key` and `name_key` are lower-cased by the service (Unicode), so that
-- uniqueness, order and search do not depend on the database's locale.
CREATE TABLE users (
    user_id      BLOB    NOT NULL PRIMARY KEY,
    external_id  TEXT    UNIQUE,
    email        TEXT,
    email_key    TEXT    UNIQUE,
    display_name TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    name_words   TEXT    NOT NULL,
    avatar_url   TEXT    NOT NULL,
    roles        TEXT    NOT NULL,
    state        TEXT    NOT NULL CONSTRAINT users_state CHECK (state IN ('ACTIVE', 'DEACTIVATED', 'DELETED')),
    version      INTEGER NOT NULL,
    create_time  TEXT    NOT NULL,
    update_time  TEXT    NOT NULL,
    CONSTRAINT users_email CHECK ((email IS NULL) = (email_key IS NULL))
) WITHOUT ROWID;

CREATE INDEX users_by_name ON users (name_key, user_id) WHERE state = 'ACTIVE';
CREATE INDEX users_administrators ON users (user_id) WHERE state = 'ACTIVE' AND instr(roles, '"admin"') > 0;

-- The words of the names, for search by prefix.
CREATE TABLE user_words (
    word    TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
) WITHOUT ROWID;

CREATE INDEX user_words_by_user ON user_words (user_id);
