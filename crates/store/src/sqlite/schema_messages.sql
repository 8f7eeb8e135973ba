-- What a message says beyond its content, as clients get it: JSON.
ALTER TABLE messages ADD COLUMN metadata TEXT;
ALTER TABLE messages ADD COLUMN media TEXT;

-- What a message said at first, once it was edited; the edit that counts, by its time and the beginning of the HMAC of its
-- `wamid`; when it was deleted for everyone.
ALTER TABLE messages ADD COLUMN original TEXT;
ALTER TABLE messages ADD COLUMN edited_at INTEGER;
ALTER TABLE messages ADD COLUMN edited_by BLOB;
ALTER TABLE messages ADD COLUMN revoked_at INTEGER;
-- Of a reaction, an edit or a revoke, the message that it changes.
ALTER TABLE messages ADD COLUMN target INTEGER;
CREATE INDEX messages_by_target ON messages (target) WHERE target IS NOT NULL;

-- The newest reaction of each person to a message. One that was taken back has no emoji, and stays for as long as an older
-- one may still come.
CREATE TABLE reactions (
    message INTEGER NOT NULL REFERENCES messages (seq),
    reactor TEXT NOT NULL,
    emoji   TEXT,
    at      INTEGER NOT NULL,
    wamid   BLOB NOT NULL,
    PRIMARY KEY (message, reactor)
) STRICT, WITHOUT ROWID;

-- Changes that came before their message, which `wamid` names; `change` is the row of the change.
CREATE TABLE parked_changes (
    change       INTEGER PRIMARY KEY REFERENCES messages (seq),
    number       INTEGER NOT NULL,
    wamid        BLOB NOT NULL,
    change_wamid BLOB NOT NULL,
    reactor      TEXT,
    received_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_changes_by_message ON parked_changes (number, wamid);

-- What was sent and not yet said to be delivered.
CREATE INDEX messages_undelivered ON messages (at) WHERE state IN ('accepted', 'sent');
