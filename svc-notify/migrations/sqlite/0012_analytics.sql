-- What is to be sent to analytics, until it is taken: no names and texts, as in deliveries.
CREATE TABLE analytics_lines (
    position    INTEGER PRIMARY KEY,
    line        TEXT NOT NULL,
    create_time TEXT NOT NULL
) STRICT;
CREATE INDEX analytics_lines_by_age ON analytics_lines (create_time);

-- One batch is on its way at a time: there is one row.
CREATE TABLE analytics_turns (
    only_one INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_one = 1),
    turn     INTEGER NOT NULL,
    -- How many attempts have failed one after the other.
    failures INTEGER NOT NULL,
    -- When the next attempt may be made, or whoever makes one now is given up.
    due_at   TEXT NOT NULL
) STRICT;
INSERT INTO analytics_turns (turn, failures, due_at) VALUES (0, 0, '1970-01-01T00:00:00+00:00');
