-- How the business's phone calls a customer, and whether they want marketing messages; each with WhatsApp's time of it.
ALTER TABLE customers
    ADD COLUMN saved_name    text,
    ADD COLUMN saved_name_at bigint,
    ADD COLUMN marketing     text,
    ADD COLUMN marketing_at  bigint;

-- How far the sharing of a number's old chats has come.
CREATE TABLE history_syncs (
    number      bigint PRIMARY KEY,
    phase       bigint,
    progress    bigint,
    declined_at bigint
);

-- Calls that have a message, as far as they are known, and the items that said so.
CREATE TABLE calls (
    message      bigint PRIMARY KEY,
    stage        text NOT NULL,
    at           bigint NOT NULL,
    began_at     bigint,
    ended_at     bigint,
    talk_seconds bigint
);
CREATE TABLE call_reports (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message     bigint NOT NULL,
    received_at bigint NOT NULL,
    raw         bytea NOT NULL
);
CREATE INDEX call_reports_by_message ON call_reports (message, id);
