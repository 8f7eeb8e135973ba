-- Who answers a conversation; and up to which message the older reads no longer show it.
ALTER TABLE conversations ADD COLUMN assignee TEXT;
ALTER TABLE conversations ADD COLUMN team TEXT;
ALTER TABLE conversations ADD COLUMN cleared INTEGER;

-- When an advertisement or a post sent the customer of a conversation. What follows from it is found among the messages.
CREATE TABLE referrals (
    conversation BLOB NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (conversation, at)
) STRICT, WITHOUT ROWID;

-- The name without the difference between capitals and small letters. (What is here already gets that for A to Z.)
ALTER TABLE customers ADD COLUMN folded_name TEXT;
UPDATE customers SET folded_name = lower(name);

-- What is read page by page, in the order of the pages. The last key is the row's own, which every index ends with.
CREATE INDEX messages_by_time ON messages (conversation, at);
CREATE INDEX conversations_by_time ON conversations (number, last_message_at);
CREATE INDEX conversations_by_assignee ON conversations (assignee, last_message_at) WHERE assignee IS NOT NULL;
CREATE INDEX conversations_by_team ON conversations (team, last_message_at) WHERE team IS NOT NULL;
CREATE INDEX customers_by_name ON customers (folded_name) WHERE folded_name IS NOT NULL;
