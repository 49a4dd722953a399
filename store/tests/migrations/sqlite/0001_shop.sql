CREATE TABLE accounts (
    id blob NOT NULL PRIMARY KEY,
    email text NOT NULL,
    active boolean NOT NULL,
    balance integer NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0),
    picture blob,
    settings text NOT NULL,
    created_at text NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
CREATE TABLE lines (
    account_id blob NOT NULL REFERENCES accounts (id),
    position integer NOT NULL,
    UNIQUE (account_id, position)
);
CREATE TABLE effects (event_id blob NOT NULL, note text NOT NULL);
