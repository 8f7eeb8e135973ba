-- Who answers a conversation; and up to which message the older reads no longer show it.
ALTER TABLE conversations ADD COLUMN assignee text;
ALTER TABLE conversations ADD COLUMN team text;
ALTER TABLE conversations ADD COLUMN cleared bigint;

-- When an advertisement or a post sent the customer of a conversation. What follows from it is found among the messages.
CREATE TABLE referrals (
    conversation bytea NOT NULL,
    at           bigint NOT NULL,
    PRIMARY KEY (conversation, at)
);

-- The name without the difference between capitals and small letters. (What is here already gets that as far as the
-- database knows letters.)
ALTER TABLE customers ADD COLUMN folded_name text COLLATE "C";
UPDATE customers SET folded_name = lower(name);

-- What is read page by page, in the order of the pages. How a text begins is found in the order of its bytes.
CREATE INDEX messages_by_time ON messages (conversation, at, seq);
CREATE INDEX conversations_by_time ON conversations (number, last_message_at, id);
CREATE INDEX conversations_by_assignee ON conversations (assignee, last_message_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX conversations_by_team ON conversations (team, last_message_at, id) WHERE team IS NOT NULL;
CREATE INDEX customers_by_name ON customers (folded_name, id) WHERE folded_name IS NOT NULL;
CREATE INDEX aliases_by_beginning ON aliases (value COLLATE "C", kind);
