-- What a key is good for, as words with commas between them, and when it ends. Keys from before may do everything for ever.
ALTER TABLE api_keys
    ADD COLUMN scopes     text NOT NULL DEFAULT 'admin',
    ADD COLUMN expires_at bigint;
