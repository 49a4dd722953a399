-- What proves an account: its password. PENDING: the account is still to be opened in svc-users
-- under this id and with this name and these roles; whoever finds the row goes on with it, the
-- recovery loop from `heal_time` on.
CREATE TABLE credentials (
    user_id       uuid        PRIMARY KEY,
    email         text        NOT NULL,
    email_key     text        NOT NULL UNIQUE,
    password_hash text        NOT NULL,
    state         text        NOT NULL CONSTRAINT credentials_state CHECK (state IN ('PENDING', 'ACTIVE')),
    display_name  text,
    roles         jsonb,
    heal_time     timestamptz,
    create_time   timestamptz NOT NULL,
    update_time   timestamptz NOT NULL,
    CONSTRAINT credentials_pending_parts CHECK ((state = 'PENDING') = (display_name IS NOT NULL AND roles IS NOT NULL AND heal_time IS NOT NULL))
);

CREATE INDEX credentials_pending ON credentials (heal_time) WHERE state = 'PENDING';

-- A row per session that has not ended. Refreshes change no indexed column (heap-only updates).
CREATE TABLE sessions (
    session_id  uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    generation  bigint      NOT NULL,
    token_hash  bytea       NOT NULL,
    create_time timestamptz NOT NULL,
    rotate_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    user_agent  text        NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX sessions_by_user ON sessions (user_id, session_id);

-- Sessions that ended before their time, for as long as an access token of theirs may live.
CREATE TABLE revocations (
    session_id  uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    revoke_time timestamptz NOT NULL,
    forget_time timestamptz NOT NULL
);

CREATE INDEX revocations_by_time ON revocations (revoke_time, session_id);
CREATE INDEX revocations_by_forget_time ON revocations (forget_time);

CREATE TABLE tickets (
    ticket_hash bytea       PRIMARY KEY,
    session_id  uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    roles       jsonb       NOT NULL,
    path        text        NOT NULL,
    expire_time timestamptz NOT NULL
);

CREATE INDEX tickets_by_expire_time ON tickets (expire_time);

-- Assertions of workloads that were used: each is good once (RFC 7523, section 3, `jti`).
CREATE TABLE assertions (
    workload    text        NOT NULL,
    jti         text        NOT NULL,
    expire_time timestamptz NOT NULL,
    PRIMARY KEY (workload, jti)
);

CREATE INDEX assertions_by_expire_time ON assertions (expire_time);

-- Leaky buckets: `empty_at` is when the bucket will be empty, in microseconds of the Unix epoch,
-- a number so that one statement on either database can do the arithmetic.
CREATE TABLE throttles (
    bucket   text   PRIMARY KEY,
    empty_at bigint NOT NULL
);

CREATE INDEX throttles_by_empty_at ON throttles (empty_at);

-- Keys that sign tokens; the seed is sealed under the key from the environment.
CREATE TABLE signing_keys (
    generation  bigint      PRIMARY KEY,
    kid         text        NOT NULL UNIQUE,
    public_key  bytea       NOT NULL,
    sealed_seed bytea       NOT NULL,
    create_time timestamptz NOT NULL
);

-- Who did what with credentials and sessions, from where. No secrets.
CREATE TABLE audit_events (
    event_id   uuid        PRIMARY KEY,
    event_time timestamptz NOT NULL,
    action     text        NOT NULL,
    outcome    text        NOT NULL,
    actor      text        NOT NULL,
    user_id    uuid,
    session_id uuid,
    address    text        NOT NULL,
    user_agent text        NOT NULL
);

CREATE INDEX audit_events_by_time ON audit_events (event_time);
CREATE INDEX audit_events_by_user ON audit_events (user_id, event_time);
