-- What clients that went away may come back to. `id` is the beginning of the SHA-256 of the client's secret. Times are
-- milliseconds since the Unix epoch; positions are written as clients get them.
CREATE TABLE sessions (
    id         BLOB PRIMARY KEY,
    generation INTEGER NOT NULL CHECK (generation > 0),
    principal  TEXT NOT NULL,
    namespace  TEXT NOT NULL,
    start      TEXT NOT NULL,
    owes_gap   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_sight ON sessions (seen_at);

-- `place` rises in the order in which a session entered its rooms. Whose room it is, and since which entry of the
-- journal, stands in it once that is known.
CREATE TABLE rooms (
    session  BLOB NOT NULL,
    place    INTEGER NOT NULL,
    name     TEXT NOT NULL,
    position TEXT NOT NULL,
    customer BLOB,
    since    INTEGER,
    known_at TEXT NOT NULL,
    PRIMARY KEY (session, place),
    CHECK ((customer IS NULL) = (since IS NULL))
) STRICT, WITHOUT ROWID;
