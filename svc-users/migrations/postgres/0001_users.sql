-- Accounts. `email_key` and `name_key` are lower-cased by the service (Unicode), so that
-- uniqueness, order and search do not depend on the database's locale.
CREATE TABLE users (
    user_id      uuid        PRIMARY KEY,
    external_id  text        UNIQUE,
    email        text,
    email_key    text        UNIQUE,
    display_name text        NOT NULL,
    name_key     text        COLLATE "C" NOT NULL,
    name_words   text        COLLATE "C" NOT NULL,
    avatar_url   text        NOT NULL,
    roles        jsonb       NOT NULL,
    state        text        NOT NULL CONSTRAINT users_state CHECK (state IN ('ACTIVE', 'DEACTIVATED', 'DELETED')),
    version      bigint      NOT NULL,
    create_time  timestamptz NOT NULL,
    update_time  timestamptz NOT NULL,
    CONSTRAINT users_email CHECK ((email IS NULL) = (email_key IS NULL))
);

CREATE INDEX users_by_name ON users (name_key, user_id) WHERE state = 'ACTIVE';
CREATE INDEX users_administrators ON users (user_id) WHERE state = 'ACTIVE' AND roles @> '["admin"]';

-- The words of the names, for search by prefix.
CREATE TABLE user_words (
    word    text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
);

CREATE INDEX user_words_by_user ON user_words (user_id);
