-- A letter's id is never another's: whoever reads letters again may still name one that is gone.
CREATE TABLE dead_letters_numbered (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    app         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    raw         BLOB NOT NULL,
    around      TEXT
) STRICT;
INSERT INTO dead_letters_numbered (id, received_at, app, kind, reason, raw, around)
    SELECT id, received_at, app, kind, reason, raw, around FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE dead_letters_numbered RENAME TO dead_letters;
