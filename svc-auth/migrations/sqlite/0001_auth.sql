-- What proves an account: its password. PENDING: the account is still to be opened in svc-users
-- under this id and with this name and these roles; whoever finds the row goes on with it, the
-- recovery loop from `heal_time` on.
CREATE TABLE credentials (
    user_id       BLOB        NOT NULL PRIMARY KEY,
    email         TEXT        NOT NULL,
    email_key     TEXT        NOT NULL UNIQUE,
    password_hash TEXT        NOT NULL,
    state         TEXT        NOT NULL CONSTRAINT credentials_state CHECK (state IN ('PENDING', 'ACTIVE')),
    display_name  TEXT,
    roles         TEXT,
    heal_time     TEXT,
    create_time   TEXT        NOT NULL,
    update_time   TEXT        NOT NULL,
    CONSTRAINT credentials_pending_parts CHECK ((state = 'PENDING') = (display_name IS NOT NULL AND roles IS NOT NULL AND heal_time IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX credentials_pending ON credentials (heal_time) WHERE state = 'PENDING';

-- A row per session that has not ended.
CREATE TABLE sessions (
    session_id  BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    generation  INTEGER      NOT NULL,
    token_hash  BLOB        NOT NULL,
    create_time TEXT        NOT NULL,
    rotate_time TEXT        NOT NULL,
    expire_time TEXT        NOT NULL,
    user_agent  TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user_id, session_id);

-- Sessions that ended before their time, for as long as an access token of theirs may live.
CREATE TABLE revocations (
    session_id  BLOB        NOT NULL PRIMARY KEY,
    user_id     BLOB        NOT NULL,
    revoke_time TEXT        NOT NULL,
    forget_time TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX revocations_by_time ON revocations (revoke_time, session_id);
CREATE INDEX revocations_by_forget_time ON revocations (forget_time);

CREATE TABLE tickets (
    ticket_hash BLOB        NOT NULL PRIMARY KEY,
    session_id  BLOB        NOT NULL,
    user_id     BLOB        NOT NULL,
    roles       TEXT        NOT NULL,
    path        TEXT        NOT NULL,
    expire_time TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX tickets_by_expire_time ON tickets (expire_time);

-- Assertions of workloads that were used: each is good once (RFC 7523, section 3, `jti`).
CREATE TABLE assertions (
    workload    TEXT        NOT NULL,
    jti         TEXT        NOT NULL,
    expire_time TEXT        NOT NULL,
    PRIMARY KEY (workload, jti)
) WITHOUT ROWID;

CREATE INDEX assertions_by_expire_time ON assertions (expire_time);

-- Leaky buckets: `empty_at` is when the bucket will be empty, in microseconds of the Unix epoch,
-- a number so that one statement on either database can do the arithmetic.
CREATE TABLE throttles (
    bucket   TEXT   NOT NULL PRIMARY KEY,
    empty_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX throttles_by_empty_at ON throttles (empty_at);

-- Keys that sign tokens; the seed is sealed under the key from the environment.
CREATE TABLE signing_keys (
    generation  INTEGER      NOT NULL PRIMARY KEY,
    kid         TEXT        NOT NULL UNIQUE,
    public_key  BLOB        NOT NULL,
    sealed_seed BLOB        NOT NULL,
    create_time TEXT        NOT NULL
) WITHOUT ROWID;

-- Who did what with credentials and sessions, from where. No secrets.
CREATE TABLE audit_events (
    event_id   BLOB        NOT NULL PRIMARY KEY,
    event_time TEXT        NOT NULL,
    action     TEXT        NOT NULL,
    outcome    TEXT        NOT NULL,
    actor      TEXT        NOT NULL,
    user_id    BLOB,
    session_id BLOB,
    address    TEXT        NOT NULL,
    user_agent TEXT        NOT NULL
) WITHOUT ROWID;

CREATE INDEX audit_events_by_time ON audit_events (event_time);
CREATE INDEX audit_events_by_user ON audit_events (user_id, event_time);
