-- What a message says beyond its content, as clients get it: JSON.
ALTER TABLE messages ADD COLUMN metadata bytea;
ALTER TABLE messages ADD COLUMN media bytea;

-- What a message said at first, once it was edited; the edit that counts, by its time and the beginning of the HMAC of its
-- `wamid`; when it was deleted for everyone.
ALTER TABLE messages ADD COLUMN original text;
ALTER TABLE messages ADD COLUMN edited_at bigint;
ALTER TABLE messages ADD COLUMN edited_by bytea;
ALTER TABLE messages ADD COLUMN revoked_at bigint;
-- Of a reaction, an edit or a revoke, the message that it changes.
ALTER TABLE messages ADD COLUMN target bigint;
CREATE INDEX messages_by_target ON messages (target) WHERE target IS NOT NULL;

-- The newest reaction of each person to a message. One that was taken back has no emoji, and stays for as long as an older
-- one may still come.
CREATE TABLE reactions (
    message bigint NOT NULL,
    reactor text NOT NULL,
    emoji   text,
    at      bigint NOT NULL,
    wamid   bytea NOT NULL,
    PRIMARY KEY (message, reactor)
);

-- Changes that came before their message, which `wamid` names; `change` is the row of the change.
CREATE TABLE parked_changes (
    change       bigint PRIMARY KEY,
    number       bigint NOT NULL,
    wamid        bytea NOT NULL,
    change_wamid bytea NOT NULL,
    reactor      text,
    received_at  bigint NOT NULL
);
CREATE INDEX parked_changes_by_message ON parked_changes (number, wamid);

-- What was sent and not yet said to be delivered.
CREATE INDEX messages_undelivered ON messages (at) WHERE state IN ('accepted', 'sent');
