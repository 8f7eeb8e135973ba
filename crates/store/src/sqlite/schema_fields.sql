-- How the business's phone calls a customer, and whether they want marketing messages; each with WhatsApp's time of it.
ALTER TABLE customers ADD COLUMN saved_name TEXT;
ALTER TABLE customers ADD COLUMN saved_name_at INTEGER;
ALTER TABLE customers ADD COLUMN marketing TEXT;
ALTER TABLE customers ADD COLUMN marketing_at INTEGER;

-- How far the sharing of a number's old chats has come.
CREATE TABLE history_syncs (
    number      INTEGER PRIMARY KEY REFERENCES numbers (id),
    phase       INTEGER,
    progress    INTEGER,
    declined_at INTEGER
) STRICT;

-- Calls that have a message, as far as they are known, and the items that said so.
CREATE TABLE calls (
    message      INTEGER PRIMARY KEY REFERENCES messages (seq),
    stage        TEXT NOT NULL,
    at           INTEGER NOT NULL,
    began_at     INTEGER,
    ended_at     INTEGER,
    talk_seconds INTEGER
) STRICT;
CREATE TABLE call_reports (
    id          INTEGER PRIMARY KEY,
    message     INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    raw         TEXT NOT NULL
) STRICT;
CREATE INDEX call_reports_by_message ON call_reports (message, id);
