-- One row a key: the journal's epoch, and the key of what was seen before (in hexadecimal digits).
CREATE TABLE meta (
    key   text PRIMARY KEY,
    value text NOT NULL
);

-- Our business numbers. A number belongs to the Meta app whose secret signed for it first.
CREATE TABLE numbers (
    id              bigint PRIMARY KEY,
    phone_number_id text NOT NULL UNIQUE,
    app             text NOT NULL,
    waba            text
);

CREATE TABLE customers (
    id         bytea PRIMARY KEY,
    number     text NOT NULL,
    name       text,
    created_at bigint NOT NULL
);

CREATE TABLE aliases (
    kind     text NOT NULL,
    value    text NOT NULL,
    customer bytea NOT NULL,
    -- The journal's newest entry when the name became the customer's.
    since    bigint NOT NULL,
    PRIMARY KEY (value, kind)
);
CREATE INDEX aliases_by_customer ON aliases (customer, kind);
CREATE INDEX aliases_by_since ON aliases (since);

CREATE TABLE conversations (
    id              bytea PRIMARY KEY,
    customer        bytea NOT NULL,
    number          bigint NOT NULL,
    last_message_at bigint NOT NULL,
    last_inbound_at bigint,
    UNIQUE (customer, number)
);

-- Times are milliseconds since the Unix epoch.
CREATE TABLE messages (
    seq          bigint PRIMARY KEY,
    id           bytea NOT NULL UNIQUE,
    conversation bytea NOT NULL,
    wamid        text NOT NULL,
    source       text NOT NULL,
    type         text NOT NULL,
    content      text NOT NULL,
    state        text NOT NULL,
    at           bigint NOT NULL,
    sent_at      bigint,
    delivered_at bigint,
    read_at      bigint,
    played_at    bigint,
    failed_at    bigint,
    reply_to     text,
    errors       text,
    outbox       bytea,
    raw          bytea
);

CREATE TABLE status_hops (
    message     bigint NOT NULL,
    status      text NOT NULL,
    participant text NOT NULL,
    at          bigint NOT NULL,
    errors      text,
    pricing     bytea,
    PRIMARY KEY (message, status, participant)
);

-- What was seen before, touched neither by retention of messages nor by erasure. `wamid` is the first 128 bits of
-- its HMAC; `what` is empty for the message itself, and names the status and the participant otherwise.
CREATE TABLE seen (
    number  bigint NOT NULL,
    wamid   bytea NOT NULL,
    what    text NOT NULL,
    day     bigint NOT NULL,
    message bigint,
    PRIMARY KEY (number, wamid, what)
);

-- Statuses that came before their message.
CREATE TABLE parked_statuses (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      bigint NOT NULL,
    wamid       bytea NOT NULL,
    status      text NOT NULL,
    participant text,
    at          bigint NOT NULL,
    errors      text,
    pricing     bytea,
    received_at bigint NOT NULL
);
CREATE INDEX parked_statuses_by_message ON parked_statuses (number, wamid);

CREATE TABLE journal (
    number      bigint PRIMARY KEY,
    "check"     bigint NOT NULL,
    name        text NOT NULL,
    audience    text NOT NULL,
    body        bytea NOT NULL,
    received_at bigint NOT NULL
);

-- The newest rows of what is counted, and a version that each append raises: who decided on what an older one held
-- decides again.
CREATE TABLE journal_head (
    is_one  boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    version bigint NOT NULL,
    number  bigint NOT NULL,
    "check" bigint NOT NULL,
    message bigint NOT NULL,
    "row"   bigint NOT NULL
);
INSERT INTO journal_head (version, number, "check", message, "row") VALUES (0, 0, 0, 0, 0);

-- Moves the head, if it is still where the caller decided; otherwise nothing of the transaction is done.
CREATE FUNCTION move_head(expected bigint, to_number bigint, to_check bigint, to_message bigint, to_row bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE journal_head
    SET version = version + 1, number = to_number, "check" = to_check, message = to_message, "row" = to_row
    WHERE version = expected;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the head has moved' USING ERRCODE = 'WP001';
    END IF;
END $$;

CREATE TABLE outbox (
    id              bytea PRIMARY KEY,
    principal       text NOT NULL,
    idempotency_key text NOT NULL,
    conversation    bytea NOT NULL,
    state           text NOT NULL,
    body            text NOT NULL,
    preview         boolean NOT NULL,
    message         bigint,
    error           text,
    created_at      bigint NOT NULL,
    at              bigint NOT NULL,
    UNIQUE (principal, idempotency_key)
);
CREATE INDEX outbox_under_way ON outbox (id) WHERE state = 'sending';

CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at bigint NOT NULL,
    app         text NOT NULL,
    kind        text NOT NULL,
    reason      text NOT NULL,
    raw         bytea NOT NULL
);

-- Webhook fields other than messages, as they came.
CREATE TABLE field_reports (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at bigint NOT NULL,
    field       text NOT NULL,
    number      text,
    waba        text,
    raw         bytea NOT NULL
);

CREATE TABLE api_keys (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    digest     bytea NOT NULL UNIQUE,
    created_at bigint NOT NULL
);

-- What clients that went away may come back to. `id` is the beginning of the SHA-256 of the client's secret. Times are
-- milliseconds since the Unix epoch; positions are written as clients get them.
CREATE TABLE sessions (
    id         bytea PRIMARY KEY,
    generation bigint NOT NULL CHECK (generation > 0),
    principal  text NOT NULL,
    namespace  text NOT NULL,
    start      text NOT NULL,
    owes_gap   boolean NOT NULL,
    seen_at    bigint NOT NULL
);
CREATE INDEX sessions_by_sight ON sessions (seen_at);

-- `place` rises in the order in which a session entered its rooms. Whose room it is, and since which entry of the
-- journal, stands in it once that is known.
CREATE TABLE rooms (
    session  bytea NOT NULL,
    place    bigint NOT NULL,
    name     text NOT NULL,
    position text NOT NULL,
    customer bytea,
    since    bigint,
    known_at text NOT NULL,
    PRIMARY KEY (session, place),
    CHECK ((customer IS NULL) = (since IS NULL))
);
