-- The hash without salt and output: which algorithm and parameters there are decides how long a
-- login takes.
ALTER TABLE credentials ADD COLUMN hash_form text NOT NULL DEFAULT '';

UPDATE credentials SET hash_form = CASE
    WHEN password_hash LIKE '$2%' THEN '$2b$' || substr(password_hash, 5, 2)
    ELSE regexp_replace(password_hash, '\$[^$]*\$[^$]*$', '')
END;

CREATE INDEX credentials_by_hash_form ON credentials (hash_form);

-- Networks from which an account has signed in: a keyed hash of both, so that the table tells
-- nobody who called from where.
CREATE TABLE known_networks (
    network     bytea       PRIMARY KEY,
    user_id     uuid        NOT NULL,
    forget_time timestamptz NOT NULL
);

CREATE INDEX known_networks_by_user ON known_networks (user_id, forget_time);
CREATE INDEX known_networks_by_forget_time ON known_networks (forget_time);

-- The hash before the one that an account has, for as long as a change may be repeated whose reply
-- was lost.
CREATE TABLE changed_passwords (
    user_id       uuid        PRIMARY KEY,
    password_hash text        NOT NULL,
    forget_time   timestamptz NOT NULL
);

CREATE INDEX changed_passwords_by_forget_time ON changed_passwords (forget_time);
