-- Names are found without regard to accents, and by a part of them in scripts without spaces. The
-- service makes the words, anew at its start where they were not made for the account's version.
ALTER TABLE users ADD COLUMN words_version INTEGER NOT NULL DEFAULT 0;

CREATE INDEX users_with_old_words ON users (user_id) WHERE words_version <> version;
