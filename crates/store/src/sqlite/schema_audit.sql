-- Who did what: ids only. `mac` is over the one before and the entry; the key is in a file of its own. Times are milliseconds
-- since the Unix epoch.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    count  INTEGER NOT NULL,
    mac    BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_action ON audit (action, number);
CREATE INDEX audit_by_target ON audit (target, number) WHERE target IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);

-- Where the chain begins: the last entry that was pruned, 0 before the first, sealed with the key.
CREATE TABLE audit_anchor (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    mac    BLOB NOT NULL,
    seal   BLOB NOT NULL
) STRICT;
