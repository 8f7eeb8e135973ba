-- One row a key: the journal's epoch.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Our business numbers. A number belongs to the Meta app whose secret signed for it first.
CREATE TABLE numbers (
    id              INTEGER PRIMARY KEY,
    phone_number_id TEXT NOT NULL UNIQUE,
    app             TEXT NOT NULL,
    waba            TEXT
) STRICT;

CREATE TABLE customers (
    id         BLOB PRIMARY KEY,
    number     TEXT NOT NULL,
    name       TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    customer BLOB NOT NULL REFERENCES customers (id),
    PRIMARY KEY (value, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_customer ON aliases (customer, kind);

CREATE TABLE conversations (
    id              BLOB PRIMARY KEY,
    customer        BLOB NOT NULL REFERENCES customers (id),
    number          INTEGER NOT NULL REFERENCES numbers (id),
    last_message_at INTEGER NOT NULL,
    last_inbound_at INTEGER,
    UNIQUE (customer, number)
) STRICT, WITHOUT ROWID;

-- Times are milliseconds since the Unix epoch.
CREATE TABLE messages (
    seq          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    conversation BLOB NOT NULL REFERENCES conversations (id),
    wamid        TEXT NOT NULL,
    source       TEXT NOT NULL,
    type         TEXT NOT NULL,
    content      TEXT NOT NULL,
    state        TEXT NOT NULL,
    at           INTEGER NOT NULL,
    sent_at      INTEGER,
    delivered_at INTEGER,
    read_at      INTEGER,
    played_at    INTEGER,
    failed_at    INTEGER,
    reply_to     TEXT,
    errors       TEXT,
    outbox       BLOB,
    raw          TEXT
) STRICT;

CREATE TABLE status_hops (
    message     INTEGER NOT NULL REFERENCES messages (seq),
    status      TEXT NOT NULL,
    participant TEXT NOT NULL,
    at          INTEGER NOT NULL,
    errors      TEXT,
    pricing     TEXT,
    PRIMARY KEY (message, status, participant)
) STRICT, WITHOUT ROWID;

-- What was seen before, touched neither by retention of messages nor by erasure. `wamid` is the first 128 bits of
-- its HMAC; `what` is empty for the message itself, and names the status and the participant otherwise.
CREATE TABLE seen (
    number  INTEGER NOT NULL,
    wamid   BLOB NOT NULL,
    what    TEXT NOT NULL,
    day     INTEGER NOT NULL,
    message INTEGER,
    PRIMARY KEY (number, wamid, what)
) STRICT, WITHOUT ROWID;

-- Statuses that came before their message.
CREATE TABLE parked_statuses (
    id          INTEGER PRIMARY KEY,
    number      INTEGER NOT NULL,
    wamid       BLOB NOT NULL,
    status      TEXT NOT NULL,
    participant TEXT,
    at          INTEGER NOT NULL,
    errors      TEXT,
    pricing     TEXT,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_statuses_by_message ON parked_statuses (number, wamid);

CREATE TABLE journal (
    number      INTEGER PRIMARY KEY,
    "check"     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    audience    TEXT NOT NULL,
    body        BLOB NOT NULL,
    received_at INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    id              BLOB PRIMARY KEY,
    principal       TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    conversation    BLOB NOT NULL REFERENCES conversations (id),
    state           TEXT NOT NULL,
    body            TEXT NOT NULL,
    preview         INTEGER NOT NULL,
    message         INTEGER REFERENCES messages (seq),
    error           TEXT,
    created_at      INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    UNIQUE (principal, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_under_way ON outbox (id) WHERE state = 'sending';

CREATE TABLE dead_letters (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    app         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    raw         BLOB NOT NULL
) STRICT;

-- Webhook fields other than messages, as they came.
CREATE TABLE field_reports (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    field       TEXT NOT NULL,
    number      TEXT,
    waba        TEXT,
    raw         TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
