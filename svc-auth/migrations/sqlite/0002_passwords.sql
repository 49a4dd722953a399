-- The hash without salt and output: which algorithm and parameters there are decides how long a
-- login takes.
ALTER TABLE credentials ADD COLUMN hash_form TEXT NOT NULL DEFAULT '';

-- rtrim by all characters but `$` leaves what ends in the last `$`.
UPDATE credentials SET hash_form = CASE
    WHEN password_hash LIKE '$2%' THEN '$2b$' || substr(password_hash, 5, 2)
    ELSE rtrim(rtrim(rtrim(rtrim(
        password_hash, replace(password_hash, '$', '')), '$'), replace(password_hash, '$', '')), '$')
END;

CREATE INDEX credentials_by_hash_form ON credentials (hash_form);

-- Networks from which an account has signed in: a keyed hash of both, so that the table tells
-- nobody who called from where.
CREATE TABLE known_networks (
    network     BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    forget_time TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX known_networks_by_user ON known_networks (user_id, forget_time);
CREATE INDEX known_networks_by_forget_time ON known_networks (forget_time);

-- The hash before the one that an account has, for as long as a change may be repeated whose reply
-- was lost.
CREATE TABLE changed_passwords (
    user_id       BLOB        NOT NULL PRIMARY KEY,
    password_hash TEXT        NOT NULL,
    forget_time   TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX changed_passwords_by_forget_time ON changed_passwords (forget_time);
