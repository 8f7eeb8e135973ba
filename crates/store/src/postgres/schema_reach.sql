-- For which business numbers a key is good: a JSON array of their ids; NULL for all.
ALTER TABLE api_keys ADD COLUMN numbers text;
