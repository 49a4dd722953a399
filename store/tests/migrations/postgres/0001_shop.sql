CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    active boolean NOT NULL,
    balance bigint NOT NULL CONSTRAINT balance_not_negative CHECK (balance >= 0),
    picture bytea,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
CREATE TABLE lines (
    account_id uuid NOT NULL REFERENCES accounts (id),
    position bigint NOT NULL,
    UNIQUE (account_id, position)
);
CREATE TABLE effects (event_id uuid NOT NULL, note text NOT NULL);
