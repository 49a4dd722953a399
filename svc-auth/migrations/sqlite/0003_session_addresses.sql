-- From where a session was signed in, and from where it was refreshed last. They are gone with
-- the row, when the session ends.
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN last_address TEXT NOT NULL DEFAULT '';
